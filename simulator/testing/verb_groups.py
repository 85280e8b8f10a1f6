"""The verbs as methods, by what they are about: `simulation.access_point.off("espressif")`.

What stands between the marks is generated from the table of verbs by `python -m tests.generated`. `R` is what a verb
gives: None where every call waits, something to await on trio.
"""

# ruff: noqa: A002

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, Generic, Literal, TypeVar

from espat.core.suggestions import unknown
from espat.scenario.verbs import VERBS

__tracebackhide__ = True
"""For pytest: a failure is the caller's, and is shown there; `--full-trace` shows the rest."""

R = TypeVar("R")

Text = str | bytes
"""Bytes; a text is sent in UTF-8."""
Time = float | str
"""Seconds, or a text like "10s"."""
EventName = str
"""The name of an event of a module, as in docs/scenarios.md."""

GROUPS: Final = frozenset(name.partition(".")[0] for name in VERBS if "." in name)
"""What verbs are about: `access_point`, `station`, `peer` and so on."""


class VerbGroup(Generic[R]):
    """The verbs about one thing. `prefix`: what it is, empty for a module."""

    def __init__(self, do: Callable[..., R], prefix: str) -> None:
        self._do = do
        self._prefix = prefix

    def _call(self, verb: str, **arguments: Any) -> R:
        """Have a verb done, with the arguments that are given."""
        return self._do(verb, **{key: value for key, value in arguments.items() if value is not None})

    if not TYPE_CHECKING:  # else every name would be right

        def __getattr__(self, name: str) -> Callable[..., R]:
            """A verb that is not among those below, because it came later."""
            verb = f"{self._prefix}.{name}"
            if verb not in VERBS:
                names = [each for each in VERBS if each.startswith(f"{self._prefix}.")]
                raise AttributeError(unknown("verb", verb, names))

            def run(*first: Any, **arguments: Any) -> Any:
                return self._do(verb, *first, **arguments)

            return run


class DynamicGroups(ABC, Generic[R]):
    """What has verbs."""

    @abstractmethod
    def do(self, verb: str, *first: Any, **arguments: Any) -> R:
        """Have a verb done. What stands without a name is the verb's first argument. Raises SimulationError."""

    if not TYPE_CHECKING:  # as above

        def __getattr__(self, name: str) -> VerbGroup[R]:
            if name in ("modules", "clock"):
                raise AttributeError(f"{name}: the simulation does not run; `with` starts it")
            if name not in GROUPS:
                raise AttributeError(
                    f"{type(self).__name__} has no attribute {name!r}, and there are no verbs about it"
                )
            return VerbGroup(self.do, name)


# generated: verbs by what they are about


class AccessPointVerbs(VerbGroup[R]):
    """The verbs `access_point.*`."""

    def off(self, ssid: Text) -> R:
        """An access point vanishes without a word: who has joined it notices when it hears no beacon for long
        enough."""
        return self._call("access_point.off", ssid=ssid)

    def on(self, ssid: Text) -> R:
        """An access point is switched on."""
        return self._call("access_point.on", ssid=ssid)

    def set(
        self,
        ssid: Text,
        *,
        password: Text | None = None,
        channel: int | None = None,
        rssi: int | None = None,
        hidden: bool | None = None,
        dhcp: bool | None = None,
        internet: bool | None = None,
    ) -> R:
        """Change an access point. `dhcp`: whether it gives addresses; `internet`: whether it leads anywhere beyond."""
        return self._call(
            "access_point.set",
            ssid=ssid,
            password=password,
            channel=channel,
            rssi=rssi,
            hidden=hidden,
            dhcp=dhcp,
            internet=internet,
        )

    def throw_out(self, ssid: Text, *, reason: int | None = None) -> R:
        """An access point throws out everybody who has joined it; `reason`: the 802.11 reason code."""
        return self._call("access_point.throw_out", ssid=ssid, reason=reason)


class BrokerVerbs(VerbGroup[R]):
    """The verbs `broker.*`."""

    def disconnect(self, host: str, client: Text) -> R:
        """The broker throws a client out: it closes the connection, and does what the client's will says."""
        return self._call("broker.disconnect", host=host, client=client)

    def expect(
        self, host: str, topic: Text, *, data: Text | None = None, qos: int | None = None, client: Text | None = None
    ) -> R:
        """The broker has got a message from a client, after the last one like it that was expected."""
        return self._call("broker.expect", host=host, topic=topic, data=data, qos=qos, client=client)

    def expect_client(self, host: str, client: Text) -> R:
        """A client is connected to the broker."""
        return self._call("broker.expect_client", host=host, client=client)

    def pause(self, host: str) -> R:
        """The broker answers nothing any more; connections stay."""
        return self._call("broker.pause", host=host)

    def publish(
        self, host: str, topic: Text, *, data: Text | None = None, qos: int | None = None, retain: bool | None = None
    ) -> R:
        """The broker publishes a message, to all who have subscribed to its topic."""
        return self._call("broker.publish", host=host, topic=topic, data=data, qos=qos, retain=retain)

    def refuse(self, host: str, *, code: int | None = None) -> R:
        """The broker refuses all who connect from now on."""
        return self._call("broker.refuse", host=host, code=code)

    def resume(self, host: str) -> R:
        """The broker answers again, first what came meanwhile."""
        return self._call("broker.resume", host=host)


class DnsVerbs(VerbGroup[R]):
    """The verbs `dns.*`."""

    def remove(self, name: str) -> R:
        """Nobody knows a name any more."""
        return self._call("dns.remove", name=name)

    def set(self, name: str, address: str) -> R:
        """A name leads to this address from now on."""
        return self._call("dns.set", name=name, address=address)


class HostVerbs(VerbGroup[R]):
    """The verbs `host.*`."""

    def refuse(self, host: str) -> R:
        """A host ends its services: connections are reset, new ones refused; it still answers a ping."""
        return self._call("host.refuse", host=host)

    def start(self, host: str) -> R:
        """A host, by its name or address, gets power, and its services run."""
        return self._call("host.start", host=host)

    def stop(self, host: str) -> R:
        """A host loses its power: nobody is at its address any more, and nothing tells those who are connected."""
        return self._call("host.stop", host=host)


class ModuleVerbs(VerbGroup[R]):
    """The verbs `module.*`."""

    def cut_power_while_storing(self, after: int, *, module: str | None = None) -> R:
        """The power will fail while the module writes to its flash, in the middle of a value: when so many bytes have
        reached the chip from now on."""
        return self._call("module.cut_power_while_storing", after=after, module=module)

    def power_off(self, *, module: str | None = None) -> R:
        """Cut the power: everything but the flash is lost, without a word."""
        return self._call("module.power_off", module=module)

    def power_on(self, *, module: str | None = None) -> R:
        """Switch the module on; its boot output is there to be expected."""
        return self._call("module.power_on", module=module)

    def press_wake(self, *, module: str | None = None) -> R:
        """Pull the wake-up pin: a deep sleep ends."""
        return self._call("module.press_wake", module=module)

    def reset(self, *, module: str | None = None) -> R:
        """Pull the reset pin."""
        return self._call("module.reset", module=module)


class PeerVerbs(VerbGroup[R]):
    """The verbs `peer.*`."""

    def accept(
        self,
        peer: str,
        *,
        proto: Literal["tcp", "ssl", "mqtt"] | None = None,
        port: int | None = None,
        client_cert: bool | None = None,
        client_id: Text | None = None,
    ) -> R:
        """A peer has got a connection of the module's; over TLS or not, and with a certificate of the module's or
        without one, if that is said. `mqtt`: a client, if that is said the one with this identifier, is connected to
        its broker."""
        return self._call(
            "peer.accept", peer=peer, proto=proto, port=port, client_cert=client_cert, client_id=client_id
        )

    def close(self, peer: str, *, port: int | None = None, reset: bool | None = None) -> R:
        """A peer closes its connection, or resets it."""
        return self._call("peer.close", peer=peer, port=port, reset=reset)

    def connect(
        self,
        peer: str,
        port: int,
        *,
        proto: Literal["tcp", "ssl"] | None = None,
        to: str | None = None,
        client_cert: bool | None = None,
        module: str | None = None,
    ) -> R:
        """A peer opens a connection to a server of the module's; `to`: where the peer believes it is. `client_cert`:
        whether it has a certificate to show, which the world has to give it; without, when it has given one."""
        return self._call(
            "peer.connect", peer=peer, port=port, proto=proto, to=to, client_cert=client_cert, module=module
        )

    def receive(
        self,
        peer: str,
        *,
        data: Text | None = None,
        proto: Literal["tcp", "udp"] | None = None,
        port: int | None = None,
        from_port: int | None = None,
        module: str | None = None,
    ) -> R:
        """A peer gets data; UDP: one datagram, at `port` of its own and from `from_port` of the module's."""
        return self._call(
            "peer.receive", peer=peer, data=data, proto=proto, port=port, from_port=from_port, module=module
        )

    def refuse(self, peer: str, proto: Literal["tcp", "udp", "ssl", "mqtt", "mqtts"], port: int) -> R:
        """A peer stops its server: who connects is refused, what is connected stays."""
        return self._call("peer.refuse", peer=peer, proto=proto, port=port)

    def sees_close(self, peer: str, *, port: int | None = None) -> R:
        """A peer sees its connection closed."""
        return self._call("peer.sees_close", peer=peer, port=port)

    def send(
        self,
        peer: str,
        *,
        data: Text | None = None,
        proto: Literal["tcp", "udp"] | None = None,
        port: int | None = None,
        from_port: int | None = None,
        module: str | None = None,
    ) -> R:
        """A peer sends data; UDP: from `from_port` of its own to `port` of the module's."""
        return self._call("peer.send", peer=peer, data=data, proto=proto, port=port, from_port=from_port, module=module)

    def serve(
        self,
        peer: str,
        proto: Literal["tcp", "udp", "ssl", "mqtt", "mqtts"],
        port: int,
        *,
        client_auth: Literal["required"] | None = None,
    ) -> R:
        """A peer starts a server; `client_auth`: one for TLS that takes nobody without a certificate."""
        return self._call("peer.serve", peer=peer, proto=proto, port=port, client_auth=client_auth)


class PhoneVerbs(VerbGroup[R]):
    """The verbs `phone.*`."""

    def smart_config(
        self,
        ssid: Text,
        *,
        password: Text | None = None,
        type: Literal["ESPTOUCH", "AIRKISS", "ESPTOUCH_V2"] | None = None,
        peer: str | None = None,
    ) -> R:
        """A phone tells all modules that listen which access point to join. `peer`: whose phone it is."""
        return self._call("phone.smart_config", ssid=ssid, password=password, type=type, peer=peer)


class StationVerbs(VerbGroup[R]):
    """The verbs `station.*`."""

    def join(
        self,
        ssid: Text,
        *,
        peer: str | None = None,
        password: Text | None = None,
        ip: str | None = None,
        within: Time | None = None,
    ) -> R:
        """A station has joined a softAP of a module and got an address: `ip` when that is said. `peer`: who it is."""
        return self._call("station.join", ssid=ssid, peer=peer, password=password, ip=ip, within=within)

    def leave(self, *, peer: str | None = None) -> R:
        """A station leaves the softAPs it has joined."""
        return self._call("station.leave", peer=peer)

    def vanish(self, *, peer: str | None = None) -> R:
        """A station is gone without a word."""
        return self._call("station.vanish", peer=peer)


class WebVerbs(VerbGroup[R]):
    """The verbs `web.*`."""

    def expect(self, host: str, path: str, *, method: str | None = None, data: Text | None = None) -> R:
        """A host has got a request, after the last one like it that was expected."""
        return self._call("web.expect", host=host, path=path, method=method, data=data)


class VerbGroups(DynamicGroups[R]):
    """The verbs, by what they are about."""

    @property
    def access_point(self) -> AccessPointVerbs[R]:
        """The verbs `access_point.*`."""
        return AccessPointVerbs(self.do, "access_point")

    @property
    def broker(self) -> BrokerVerbs[R]:
        """The verbs `broker.*`."""
        return BrokerVerbs(self.do, "broker")

    @property
    def dns(self) -> DnsVerbs[R]:
        """The verbs `dns.*`."""
        return DnsVerbs(self.do, "dns")

    @property
    def host(self) -> HostVerbs[R]:
        """The verbs `host.*`."""
        return HostVerbs(self.do, "host")

    @property
    def module(self) -> ModuleVerbs[R]:
        """The verbs `module.*`."""
        return ModuleVerbs(self.do, "module")

    @property
    def peer(self) -> PeerVerbs[R]:
        """The verbs `peer.*`."""
        return PeerVerbs(self.do, "peer")

    @property
    def phone(self) -> PhoneVerbs[R]:
        """The verbs `phone.*`."""
        return PhoneVerbs(self.do, "phone")

    @property
    def station(self) -> StationVerbs[R]:
        """The verbs `station.*`."""
        return StationVerbs(self.do, "station")

    @property
    def web(self) -> WebVerbs[R]:
        """The verbs `web.*`."""
        return WebVerbs(self.do, "web")


# end


# generated: verbs about a module


class VerbsOfModule(VerbGroup[R]):
    """The verbs about one module."""

    def discard(self) -> R:
        """What the module has printed so far does not matter, nor what it prints until it rests."""
        return self._call("discard")

    def expect(
        self,
        *lines: str,
        or_: list[str] | None = None,
        blanks: Literal["lenient"] | None = None,
        within: Time | None = None,
    ) -> R:
        """Exactly these lines, or those of `or`. An optional step is skipped when something else comes, or nothing."""
        return self._call("expect", value=[*lines], blanks=blanks, within=within, **{"or": or_})

    def expect_raw(self, data: Text) -> R:
        """Exactly these bytes, without line structure."""
        return self._call("expect_raw", value=data)

    def expect_set(self, *lines: str, also: str | None = None, within_ms: int | None = None) -> R:
        """Each of these lines at least once, in any order."""
        return self._call("expect_set", value=[*lines], also=also, within_ms=within_ms)

    def cut_power_while_storing(self, after: int) -> R:
        """The power will fail while the module writes to its flash, in the middle of a value: when so many bytes have
        reached the chip from now on."""
        return self._call("module.cut_power_while_storing", after=after)

    def power_off(self) -> R:
        """Cut the power: everything but the flash is lost, without a word."""
        return self._call("module.power_off")

    def power_on(self) -> R:
        """Switch the module on; its boot output is there to be expected."""
        return self._call("module.power_on")

    def press_wake(self) -> R:
        """Pull the wake-up pin: a deep sleep ends."""
        return self._call("module.press_wake")

    def reset(self) -> R:
        """Pull the reset pin."""
        return self._call("module.reset")

    def quiet(self, *, ms: int | None = None, time: Time | None = None) -> R:
        """Nothing may be printed for so long; a second when nothing is said."""
        return self._call("quiet", ms=ms, time=time)

    def send(self, line: Text) -> R:
        """Type a command line."""
        return self._call("send", value=line)

    def send_raw(self, data: Text, *, guard_ms: int | None = None) -> R:
        """Send data; `guard_ms`: with more silence than that around it."""
        return self._call("send_raw", value=data, guard_ms=guard_ms)

    def send_raw_hex(self, digits: str) -> R:
        """Send data given in hexadecimal."""
        return self._call("send_raw_hex", value=digits)

    def wait_for(
        self,
        *,
        module_prints: str | None = None,
        command: str | None = None,
        event: EventName | None = None,
        nth: int | None = None,
        within: Time | None = None,
    ) -> R:
        """Something happens for the nth time since the last one that was waited for: a line is printed, a command
        typed, or there is an event of the module."""
        return self._call("wait_for", module_prints=module_prints, command=command, event=event, nth=nth, within=within)

    def wait_ready(self, *, within: Time | None = None) -> R:
        """The module restarts by itself: everything up to `ready` is discarded."""
        return self._call("wait_ready", within=within)


# end
