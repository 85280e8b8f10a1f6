"""The network behind an access point: its subnet, its gateway and its DHCP server."""

from ipaddress import IPv4Address, IPv4Network


class Lan:
    """What an access point's router gives to those who join: IPv4 only."""

    def __init__(self, subnet: IPv4Network, first_address: IPv4Address, *, dhcp: bool = True) -> None:
        """`first_address`: the first one the DHCP server gives. `dhcp`: False for a network without such a server."""
        self.subnet = subnet
        self.gateway = str(subnet.network_address + 1)
        self.netmask = str(subnet.netmask)
        self.dhcp = dhcp
        self._next = first_address
        self._leases: dict[bytes, str] = {}

    def lease(self, mac: bytes) -> str | None:
        """The address for a station, always the same one; None when the pool is empty."""
        if mac not in self._leases:
            if self._next >= self.subnet.broadcast_address:
                return None
            self._leases[mac] = str(self._next)
            self._next += 1
        return self._leases[mac]

    def contains(self, address: str) -> bool:
        """Whether an address belongs to the subnet."""
        return IPv4Address(address) in self.subnet
