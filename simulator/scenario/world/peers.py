"""The hosts a scenario plays itself, as data."""

from typing import Final, NamedTuple

TRANSPORTS: Final = ("tcp", "udp", "ssl", "mqtt", "mqtts")


class Credentials(NamedTuple):
    """What a peer shows and trusts where it speaks TLS, by the keys of the manufacturing data; None for nothing."""

    shown: str | None = None
    trusted: str | None = None


class PeerConfiguration(NamedTuple):
    """One of `peers` in the world of a scenario.

    `address`: an IPv4 address or empty. `host`: the name the module looks up, or empty. `serves`: transport and port of
    what it serves from the beginning; `later`: of what it may serve. `datagrams_at`: a UDP port it has, or None. `mac`:
    None is any. `demands`: whether its TLS servers take nobody without a certificate. `user`,
    `password`: of who may come to its broker, None is everybody.
    """

    name: str
    address: str = ""
    host: str = ""
    serves: tuple[tuple[str, int], ...] = ()
    later: tuple[tuple[str, int], ...] = ()
    datagrams_at: int | None = None
    mac: bytes | None = None
    credentials: Credentials = Credentials()
    demands: bool = False
    user: str | None = None
    password: str | None = None

    @property
    def at_first(self) -> tuple[tuple[str, int], ...]:
        """Transport and port of all it has from the beginning."""
        return self.serves if self.datagrams_at is None else (*self.serves, ("udp", self.datagrams_at))
