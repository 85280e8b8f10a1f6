"""The clock of day by SNTP (ESP-AT User Guide, AT+CIPSNTPCFG, AT+CIPSNTPTIME, AT+CIPSNTPINTV)."""

from typing import Annotated, Final

from espat.commands.argument_types import Host
from espat.commands.reports import status
from espat.core.at.answers import Line, Unterminated
from espat.core.at.arguments import Argument, Bool, Seconds
from espat.core.at.errors import invalid
from espat.core.at.grammar import Form
from espat.core.at.registry import CommandTable
from espat.module import Module
from espat.stack.sntp import TIME_UPDATED, UTC, SntpClient, TimeZone, time_zone

table = CommandTable()

LONGEST_INTERVAL: Final = 4_294_967


class Zone(Argument):
    """Hours or hhmm to add to UTC; the handler gets a TimeZone."""

    def check(self, value: int, position: int) -> TimeZone:
        try:
            return time_zone(value)
        except ValueError:
            raise invalid(position) from None

    def describe(self) -> str:
        return "-12..14, or hhmm"


@table.command("AT+CIPSNTPCFG", Form.QUERY)
def configuration(module: Module) -> Line:
    """AT+CIPSNTPCFG?: the time zone in whole hours, and the servers that are asked."""
    sntp = module[SntpClient]
    servers = b"".join(b',"%b"' % server.encode() for server in sntp.servers)
    return Line(b"+CIPSNTPCFG:%d,%d%b" % (sntp.running, sntp.zone.hours, servers))


@table.command("AT+CIPSNTPCFG", Form.SET)
def configure(
    module: Module,
    enabled: Bool,
    zone: Annotated[TimeZone, Zone()] = UTC,
    first: Host | None = None,
    second: Host | None = None,
    third: Host | None = None,
) -> None:
    """AT+CIPSNTPCFG: the zone, and whether and whom to ask for the time."""
    module[SntpClient].zone = zone
    if enabled:
        module[SntpClient].start(tuple(server for server in (first, second, third) if server is not None))
    else:
        module[SntpClient].stop()


@table.command("AT+CIPSNTPTIME", Form.QUERY)
def local_time(module: Module) -> Unterminated:
    """AT+CIPSNTPTIME?: the local time; from 1970 on until the clock has been set."""
    return Unterminated(b"+CIPSNTPTIME:%b" % module[SntpClient].local_time().encode())


@table.command("AT+CIPSNTPINTV", Form.QUERY)
def interval(module: Module) -> Line:
    """AT+CIPSNTPINTV?: seconds."""
    return Line(b"+CIPSNTPINTV:%d" % module[SntpClient].interval)


@table.command("AT+CIPSNTPINTV", Form.SET)
def set_interval(module: Module, seconds: Annotated[int, Seconds(15, LONGEST_INTERVAL)]) -> None:
    """AT+CIPSNTPINTV: how often to ask for the time."""
    module[SntpClient].set_interval(seconds)


@table.report(TIME_UPDATED)
def time_updated(module: Module) -> None:
    """+TIME_UPDATED."""
    status(module, b"+TIME_UPDATED\r\n")
