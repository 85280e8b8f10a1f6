"""A module with three interfaces: the station, the softAP, and one that no firmware of ours has yet."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from espat.core.boot import Boot
from espat.persist.settings import Setting
from espat.scenario.reading.world_reader import read_world
from espat.stack.active_interfaces import ActiveInterfaces, InterfaceKind
from espat.stack.address import Address
from espat.stack.dhcp import DhcpModes
from espat.stack.dialler import Dialler
from espat.stack.interface import ClientInterface, Ipv4
from espat.stack.lan import Lan
from tests.stations import station
from tests.texts import OK, SOFTAP
from tests.workbench import Workbench

WIRED = {"ssid": "wired", "subnet": "10.1.0.0/24"}
NEAR = {"address": "192.168.3.50", "name": "near", "serves": ["tcp-echo 7"]}
FAR = {"address": "10.1.0.50", "name": "far", "serves": ["tcp-echo 7"]}
OWN_MAC = bytes.fromhex("246f28c21003")


class Ethernet(ClientInterface):
    """A cable to the network of an access point."""

    kind = InterfaceKind.ETHERNET
    _address = Setting("NVM_002", "ip", b"")  # what is set here is not stored
    _gateway = Setting("NVM_002", "gw", b"")
    _netmask = Setting("NVM_002", "netmask", b"")

    def __init__(self, boot: Boot) -> None:
        super().__init__(boot)
        self.said: list[str] = []

    def plug_in(self, lan: Lan) -> None:
        self._joined(lan)

    def unplug(self) -> None:
        self._left()

    def _mac(self) -> bytes:
        return OWN_MAC

    def _got_address(self, address: Address) -> None:
        self.said.append(f"got {address}")

    def _lease_renewed(self) -> None:
        self.said.append("renewed")

    def _lost_address(self) -> None:
        self.said.append("lost")


@asynccontextmanager
async def wired() -> AsyncIterator[tuple[Workbench, Ethernet]]:
    """A module that has joined, and whose softAP is on; and its cable, with DHCP on."""
    world = read_world(
        {"access_point": [{"ssid": "espressif", "password": "1234567890"}, WIRED], "host": [NEAR, FAR]}, "w"
    )
    async with station(world, b"AT+SYSSTORE=0", b"AT+CWMODE=3", SOFTAP) as bench:
        ethernet = bench.module[Ethernet]
        bench.module[DhcpModes].set(InterfaceKind.ETHERNET, True)
        yield bench, ethernet


def lan_of(bench: Workbench, subnet: str) -> Lan:
    return next(lan for lan in bench.simulation.lans.values() if str(lan.subnet) == subnet)


async def test_three_interfaces_have_three_addresses() -> None:
    async with wired() as (bench, ethernet):
        ethernet.plug_in(lan_of(bench, "10.1.0.0/24"))
        await bench.settle()
        found = {one.kind: str(one.address) for one in bench.module[ActiveInterfaces]}
        assert list(found) == [InterfaceKind.STATION, InterfaceKind.SOFTAP, InterfaceKind.ETHERNET]
        assert found == {1: "192.168.3.112", 2: "192.168.4.1", 3: str(ethernet.ipv4.address)}
        assert ethernet.said == [f"got {ethernet.ipv4.address}"]


async def test_links_go_over_the_one_that_leads_there() -> None:
    async with wired() as (bench, ethernet):
        ethernet.plug_in(lan_of(bench, "10.1.0.0/24"))
        await bench.settle()
        dialler = bench.module[Dialler]
        for host, own in (("192.168.3.50", Address("192.168.3.112")), ("10.1.0.50", ethernet.ipv4.address)):
            connection = await dialler.dial(host, 7)
            assert connection.stream.local.address == own
            await connection.stream.send(b"hello")
            assert await connection.stream.receive(100) == b"hello"
            connection.stream.close()


async def test_the_module_is_found_at_each_address() -> None:
    async with wired() as (bench, ethernet):
        ethernet.plug_in(lan_of(bench, "10.1.0.0/24"))
        await bench.settle()
        for line in (b"AT+CIPMUX=1", b"AT+CIPSERVER=1,333"):
            assert await bench.command(line) == OK
        near, far = bench.simulation.hosts
        near.connect(Address("192.168.3.112"), 333)
        far.connect(ethernet.ipv4.address, 333)
        assert await bench.settle() == b"0,CONNECT\r\n1,CONNECT\r\n"
        ethernet.unplug()
        assert await bench.settle() == b"1,CLOSED\r\n"
        assert not ethernet.up


async def test_a_fixed_address_needs_no_server() -> None:
    async with wired() as (bench, ethernet):
        lan = lan_of(bench, "10.1.0.0/24")
        ethernet.set_fixed(Ipv4(Address("10.1.0.9"), lan.gateway, lan.netmask))
        assert not ethernet.up
        ethernet.plug_in(lan)
        assert ethernet.said == ["got 10.1.0.9"]
        assert lan.node(Address("10.1.0.9")) is not None
        ethernet.unplug()
        assert lan.node(Address("10.1.0.9")) is None
