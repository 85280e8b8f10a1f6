"""SmartConfig: what all firmwares do when a phone tells them an access point (ESP-AT User Guide, AT+CWSTARTSMART)."""

from collections.abc import Collection
from functools import partial

from espat.commands.wifi_join import DEFAULT_JOIN_LIMIT, join_within
from espat.core.at.errors import CommandError
from espat.module import Module
from espat.radio.smart_config import Broadcast, Protocol


def start(module: Module, protocols: Collection[Protocol]) -> None:
    """Listen for a phone that speaks one of these; as a station and nothing else.

    The manuals ask that nothing else be typed until it has succeeded or been stopped. What is answered then they do not
    say: commands run.
    """
    if not module.wifi.only_station:
        raise CommandError
    module.smart_config.start(protocols, partial(_heard, module))


def stop(module: Module) -> None:
    """Listen no more, successful or not, or not even begun."""
    module.smart_config.stop()


def _heard(module: Module, broadcast: Broadcast) -> None:
    module.reports.smart_config_heard(broadcast)
    station = module.station
    station.ssid, station.password, station.bssid = broadcast.ssid, broadcast.password, b""
    module.spawn(_join, module)


async def _join(module: Module) -> None:
    """Join what the phone has said, for as long as AT+CWJAP would try: an inference."""
    error = await join_within(module, DEFAULT_JOIN_LIMIT)
    if module.smart_config.running:
        module.reports.smart_config_ended(joined=error is None)
