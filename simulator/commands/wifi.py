"""Wi-Fi commands: mode, radio settings, reconnect policy (ESP-AT User Guide, chapter "Wi-Fi AT Commands")."""

from typing import Annotated, Final

from espat.core.at.answers import Line, Unterminated
from espat.core.at.arguments import Bool, Count, OneOf, Range, Seconds, Text
from espat.core.at.errors import CommandError, failed, invalid
from espat.core.at.grammar import Form
from espat.core.at.registry import CommandTable
from espat.module import Module
from espat.persist.settings import Settings
from espat.radio.softap import SoftAp
from espat.radio.station import Station, StationState
from espat.radio.wifi import Wifi, WifiMode
from espat.stack.station_interface import StationInterface

table = CommandTable()

LAST_CHANNEL: Final = 14
DRIVER_NOT_INITIALISED: Final = 0x3001
"""ESP-IDF, ESP_ERR_WIFI_NOT_INIT."""


def need_driver(module: Module, *, reports_code: bool = False) -> None:
    """Refuse a command that needs the Wi-Fi driver after AT+CWINIT=0.

    `reports_code`: for the commands that pass on the number of the driver's error.
    """
    if not module[Wifi].initialised:
        raise failed(DRIVER_NOT_INITIALISED) if reports_code else CommandError


def need_station(module: Module) -> None:
    """Refuse a command that needs station mode."""
    if not module[Wifi].has_station:
        raise CommandError


@table.command("AT+CWINIT", Form.QUERY)
def driver_state(module: Module) -> Line:
    """AT+CWINIT?: whether the Wi-Fi driver is there."""
    return Line(b"+CWINIT:%d" % module[Wifi].initialised)


@table.command("AT+CWINIT", Form.SET)
def set_driver_state(module: Module, initialised: Bool) -> None:
    """AT+CWINIT: load or unload the Wi-Fi driver; unloading ends the connection."""
    if not initialised:
        module[Station].stop()
    module[Wifi].initialised = initialised
    module[SoftAp].update()


@table.command("AT+CWMODE", Form.QUERY)
def mode(module: Module) -> Line:
    """AT+CWMODE?: which sides of the radio are on."""
    need_driver(module)
    return Line(b"+CWMODE:%d" % module[Wifi].mode)


@table.command("AT+CWMODE", Form.SET)
def set_mode(module: Module, mode: Annotated[int, Range(0, 3)], auto_connect: Bool = True) -> None:
    """AT+CWMODE: switch station and softAP; a station that comes on joins the saved access point after OK."""
    need_driver(module)
    had_station = module[Wifi].has_station
    module[Wifi].mode = WifiMode(mode)
    module[SoftAp].update()
    if had_station and not module[Wifi].has_station:
        module[Station].stop()
    elif not had_station and module[Wifi].has_station and auto_connect and module[Station].configured:
        module[Station].connect_in_background()


@table.command("AT+CWSTATE", Form.QUERY)
def state(module: Module) -> Line:
    """AT+CWSTATE?: how far the station has come, and the SSID it wants."""
    station = module[Station]
    if station.state is StationState.ASSOCIATED:
        number = 2 if module[StationInterface].up else 1
    else:
        number = {StationState.IDLE: 0, StationState.CONNECTING: 3, StationState.DISCONNECTED: 4}[station.state]
    target = b"" if station.state is StationState.IDLE else station.ssid
    return Line(b'+CWSTATE:%d,"%b"' % (number, target))


@table.command("AT+CWCONFIG", Form.QUERY)
def inactivity(module: Module) -> Line:
    """AT+CWCONFIG?: inactive times and listen interval."""
    station, wifi = module[Station], module[Wifi]
    return Line(b"+CWCONFIG:%d,%d,%d" % (wifi.softap_inactive_time, station.inactive_time, station.listen_interval))


@table.command("AT+CWCONFIG", Form.SET)
def set_inactivity(
    module: Module,
    softap_inactive_time: Annotated[int | None, Seconds(10, 3600)] = None,
    station_inactive_time: Annotated[int | None, Seconds(3, 600)] = None,
    listen_interval: Annotated[int | None, Count(1, 100)] = None,
) -> None:
    """AT+CWCONFIG: after how long a silent peer is gone, in seconds; listen interval in beacon intervals."""
    if softap_inactive_time is not None:
        module[Wifi].softap_inactive_time = softap_inactive_time
    if station_inactive_time is not None:
        module[Station].inactive_time = station_inactive_time
    if listen_interval is not None:
        module[Station].listen_interval = listen_interval


@table.command("AT+CWRECONNCFG", Form.QUERY)
def reconnect_policy(module: Module) -> Line:
    """AT+CWRECONNCFG?: seconds between attempts, and how many."""
    return Line(b"+CWRECONNCFG:%d,%d" % (module[Station].reconnect_interval, module[Station].reconnect_attempts))


@table.command("AT+CWRECONNCFG", Form.SET)
def set_reconnect_policy(
    module: Module, interval: Annotated[int, Seconds(0, 7200)], attempts: Annotated[int, Count(0, 1000)]
) -> None:
    """AT+CWRECONNCFG: interval 0 is never, attempts 0 is for ever."""
    module[Station].reconnect_interval = interval
    module[Station].reconnect_attempts = attempts


@table.command("AT+CWAUTOCONN", Form.QUERY)
def auto_connect(module: Module) -> Unterminated:
    """AT+CWAUTOCONN?: whether the station joins at power-on."""
    return Unterminated(b"+CWAUTOCONN:%d" % module[Station].auto_connect)


@table.command("AT+CWAUTOCONN", Form.SET)
def set_auto_connect(module: Module, enabled: Bool) -> None:
    """AT+CWAUTOCONN: stored whatever AT+SYSSTORE says."""
    module[Station].auto_connect = int(enabled)


@table.command("AT+CWHOSTNAME", Form.QUERY)
def hostname(module: Module) -> Line:
    """AT+CWHOSTNAME?: the station's host name, unquoted."""
    return Line(b"+CWHOSTNAME:%b" % module[Wifi].hostname)


@table.command("AT+CWHOSTNAME", Form.SET)
def set_hostname(module: Module, name: Annotated[bytes, Text(32)]) -> None:
    """AT+CWHOSTNAME: never stored."""
    need_station(module)
    module[Wifi].hostname = name


CountryPolicy = Annotated[int, OneOf(0, 1)]
CountryCode = Annotated[bytes, Text(3, 2)]
FirstChannel = Annotated[int, Range(1, LAST_CHANNEL)]
ChannelCount = Annotated[int, Range(1, LAST_CHANNEL)]


@table.command("AT+CWCOUNTRY", Form.QUERY)
def country(module: Module) -> Line:
    """AT+CWCOUNTRY?: policy, code and channels."""
    need_driver(module)
    return Line(b"+CWCOUNTRY:" + country_values(module[Wifi]))


def country_values(wifi: Wifi) -> bytes:
    """The four values of AT+CWCOUNTRY?, as text."""
    return b'%d,"%b",%d,%d' % (wifi.country_policy, wifi.country, wifi.start_channel, wifi.channel_count)


@table.command("AT+CWCOUNTRY", Form.SET)
def set_country(
    module: Module, policy: CountryPolicy, code: CountryCode, start_channel: FirstChannel, channel_count: ChannelCount
) -> None:
    """AT+CWCOUNTRY: never stored."""
    with module[Settings].volatile():
        set_channels(module, policy, code, start_channel, channel_count)


def set_channels(
    module: Module, policy: CountryPolicy, code: CountryCode, start_channel: FirstChannel, channel_count: ChannelCount
) -> None:
    """Use the channels of a country."""
    need_driver(module)
    if start_channel + channel_count - 1 > LAST_CHANNEL:
        raise invalid(4)
    wifi = module[Wifi]
    wifi.country_policy, wifi.country = policy, code
    wifi.start_channel, wifi.channel_count = start_channel, channel_count


@table.command("AT+CWBANDWIDTH", Form.QUERY)
def bandwidth(module: Module) -> list[Line]:
    """AT+CWBANDWIDTH?: one line for the station, one for the softAP; the ESP32 has no 5 GHz radio."""
    need_driver(module)
    widths = (module[Wifi].station_bandwidth, module[Wifi].softap_bandwidth)
    return [Line(b"+CWBANDWIDTH:%d,%d,0" % (interface, width)) for interface, width in enumerate(widths)]


@table.command("AT+CWBANDWIDTH", Form.SET)
def set_bandwidth(
    module: Module,
    interface: Annotated[int, OneOf(0, 1)],
    width: Annotated[int, OneOf(1, 2)],
    width_5ghz: Annotated[int | None, OneOf()] = None,
) -> None:
    """AT+CWBANDWIDTH: 1 is 20 MHz, 2 is 40 MHz; a value for 5 GHz is refused."""
    need_driver(module)
    if interface:
        module[Wifi].softap_bandwidth = width
    else:
        module[Wifi].station_bandwidth = width


@table.command("AT+CWSTAPROTO", Form.QUERY)
def station_protocols(module: Module) -> Unterminated:
    """AT+CWSTAPROTO?: bits for 802.11 b, g, n, LR."""
    need_driver(module)
    return Unterminated(b"+CWSTAPROTO:%d" % module[Wifi].station_protocols)


@table.command("AT+CWSTAPROTO", Form.SET)
def set_station_protocols(module: Module, protocols: Annotated[int, Range(1, 15)]) -> None:
    """AT+CWSTAPROTO."""
    need_driver(module)
    module[Wifi].station_protocols = protocols


@table.command("AT+CWAPPROTO", Form.QUERY)
def softap_protocols(module: Module) -> Unterminated:
    """AT+CWAPPROTO?: bits for 802.11 b, g, n, LR."""
    need_driver(module)
    return Unterminated(b"+CWAPPROTO:%d" % module[Wifi].softap_protocols)


@table.command("AT+CWAPPROTO", Form.SET)
def set_softap_protocols(module: Module, protocols: Annotated[int, Range(1, 15)]) -> None:
    """AT+CWAPPROTO."""
    need_driver(module)
    module[Wifi].softap_protocols = protocols
