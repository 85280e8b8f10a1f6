"""SmartConfig: what all firmwares do when a phone tells them an access point (ESP-AT User Guide, AT+CWSTARTSMART)."""

from collections.abc import Collection
from functools import partial

from espat.commands.reports import status
from espat.commands.wifi_join import join_within
from espat.core.at.errors import CommandError
from espat.core.at.registry import CommandTable
from espat.module import Module
from espat.radio.broadcast import Broadcast, Protocol
from espat.radio.smart_config import SMART_CONFIG_ENDED, SMART_CONFIG_HEARD, SmartConfig
from espat.radio.station import DEFAULT_JOIN_LIMIT, Station
from espat.radio.wifi import Wifi

table = CommandTable()


def start(module: Module, protocols: Collection[Protocol]) -> None:
    """Listen for a phone that speaks one of these; as a station and nothing else.

    The manuals ask that nothing else be typed until it has succeeded or been stopped. What is answered then they do not
    say: commands run.
    """
    if not module[Wifi].only_station:
        raise CommandError
    module[SmartConfig].start(protocols, partial(_heard, module))


def stop(module: Module) -> None:
    """Listen no more, successful or not, or not even begun."""
    module[SmartConfig].stop()


def _heard(module: Module, broadcast: Broadcast) -> None:
    module.announce(SMART_CONFIG_HEARD, broadcast)
    station = module[Station]
    station.ssid, station.password, station.bssid = broadcast.ssid, broadcast.password, b""
    module.spawn(_join, module)


async def _join(module: Module) -> None:
    """Join what the phone has said, for as long as AT+CWJAP would try: an inference."""
    error = await join_within(module, DEFAULT_JOIN_LIMIT)
    if module[SmartConfig].running:
        module.announce(SMART_CONFIG_ENDED, error is None)


@table.report(SMART_CONFIG_HEARD)
def heard(module: Module, broadcast: Broadcast) -> None:
    """A phone has told which access point to join."""
    status(
        module,
        b"smartconfig type:%b\r\n" % broadcast.protocol.encode(),
        b"Smart get wifi info\r\n",
        b"ssid:%b\r\n" % broadcast.ssid,
    )
    status(module, b"password:%b\r\n" % broadcast.password, private=True)


@table.report(SMART_CONFIG_ENDED)
def ended(module: Module, joined: bool) -> None:
    """The station has joined it and has an address, or could not."""
    status(module, b"smartconfig connected wifi\r\n" if joined else b"smartconfig connect fail\r\n")
