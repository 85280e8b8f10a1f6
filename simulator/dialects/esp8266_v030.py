"""The ESP8266 firmware of 2015: AT 0.30 on the NONOS SDK.

Sources: ESP8266 AT Instruction Set 0.30; what modules of 0.30 and 0.40 have printed, which goes before it; where both
say nothing, modules of that family (1.3 to 1.7), the texts of the published firmware 1.3, the published AT source 0.2x
for the reading of lines, and an emulation that follows the binary of 1.1 ("analysis of 1.1").
"""

from typing import ClassVar, Final

from espat.commands import addresses, basic, links, passthrough, radio, receiving, server, wifi, wifi_join
from espat.commands.esp8266 import addresses as old_addresses
from espat.commands.esp8266 import basic as old_basic
from espat.commands.esp8266 import links as old_links
from espat.commands.esp8266 import reports as old_reports
from espat.commands.esp8266 import saved_link as old_saved_link
from espat.commands.esp8266 import send_buffer, update
from espat.commands.esp8266 import sending as old_sending
from espat.commands.esp8266 import wifi as old_wifi
from espat.commands.link_failures import LinkFailure
from espat.core.at.answers import OK, Prompt
from espat.core.at.conventions import Conventions
from espat.core.at.errors import Cause
from espat.core.at.grammar import Form
from espat.core.at.registry import CommandTable
from espat.core.parts import by_type
from espat.core.ports.serial_line import FACTORY_UART
from espat.dialects.esp8266_board import FIRST_BOOT_TEXT, HEAP
from espat.dialects.esp8266_lines import ScanningLineDiscipline
from espat.dialects.firmware import Dialect
from espat.radio.scan import ScanTraits
from espat.radio.softap import SoftApTraits, local_mac
from espat.radio.station import STATION_ASSOCIATED, STATION_DISCONNECTED, StationTraits
from espat.radio.wifi import WifiMode, WifiTraits
from espat.stack.links import LINK_CLOSED, LINK_NOT_OPENED, LINK_OPENED
from espat.stack.passthrough import PassthroughTraits
from espat.stack.receiving import LINK_DATA_KEPT, ReceivingTraits
from espat.stack.server import ServerTraits
from espat.stack.station_interface import STATION_GOT_IP
from espat.system.sleep import SleepMode, SleepTraits
from espat.system.uart import UartTraits
from espat.system.version import FirmwareVersion

TABLES: Final[tuple[CommandTable, ...]] = (
    basic.table.only("AT", "ATE0", "ATE1", "AT+RST", "AT+RESTORE"),
    old_basic.table,
    wifi.table.only(("AT+CWAUTOCONN", Form.SET)),
    old_wifi.table,  # AT+CWDHCP? has no blank line before its OK: so in a library of 2015 and in ESP-AT's firmware
    addresses.table.only("AT+CIFSR"),  # keyword lines, zeros before joining: so on modules; the manual has bare lines
    old_addresses.table,
    links.table.only("AT+CIPMUX", ("AT+CIPDINFO", Form.SET), ("AT+CIPCLOSE", Form.EXECUTE)),
    old_links.table,  # AT+CIPSTATUS has five fields: so on modules of 0.30 and 0.40; the manual has six
    old_saved_link.table,
    old_sending.table,
    send_buffer.table,
    update.table,
    passthrough.table.only(("AT+CIPMODE", Form.QUERY), ("AT+CIPSEND", Form.EXECUTE)),
    server.table.only(("AT+CIPSTO", Form.QUERY)),
    wifi_join.table.only(STATION_ASSOCIATED, STATION_GOT_IP, STATION_DISCONNECTED),
    links.table.only(LINK_OPENED, LINK_CLOSED, LINK_NOT_OPENED),
    receiving.table.only(LINK_DATA_KEPT),
    old_reports.table,  # the manual has `Smart get wifi info` only
    radio.table,
)

CAUSES: Final[dict[Cause, bytes]] = {
    LinkFailure.WRONG_LINK_NUMBER: b"ID ERROR",
    LinkFailure.WRONG_LINK_TYPE: b"Link type ERROR",
    LinkFailure.WRONG_ADDRESS: b"IP ERROR",
    LinkFailure.WRONG_PORT: b"ENTRY ERROR",
    LinkFailure.LINK_EXISTS: b"ALREADY CONNECTED",  # the manual: ALREADY CONNECT; modules and the firmware: this
    LinkFailure.NO_LINK: b"link is not valid",
    LinkFailure.NOTHING_TO_CLOSE: b"UNLINK",  # so on modules of 1.7; 0.2x has `link is not` without ERROR
    LinkFailure.NO_ONLY_LINK: b"UNLINK",  # inferred from the line above; just ERROR in 0.2x and in the analysis of 1.1
    LinkFailure.NEEDS_SINGLE_MODE: b"MUX=1",
    LinkFailure.NEEDS_MULTIPLE_MODE: b"MUX=0",
    LinkFailure.LINKS_OPEN: b"link is builded",
    LinkFailure.RAW: b"IPMODE must be 0",
    LinkFailure.RAW_SENDING: b"IPMODE=1",  # (source of 0.2x; analysis of 1.1)
    LinkFailure.TOO_LONG: b"too long",  # (source of 0.2x; analysis of 1.1)
    LinkFailure.SERVER_RUNS: b"CIPSERVER must be 0",
    LinkFailure.SEVERAL_OR_SERVER: b"CIPMUX and CIPSERVER must be 0",
    LinkFailure.NO_NETWORK: b"no ip",
    LinkFailure.NO_SUCH_HOST: b"DNS Fail",
}
"""Texts of the published firmware 1.3, where nothing else stands. MUX=0 and MUX=1 say what is (source of 0.2x)."""

CONVENTIONS: Final = Conventions(
    lines=ScanningLineDiscipline,
    folds_names=False,  # `at` is taken for `AT`, but the rest has to be in capitals
    commas_in_strings=True,  # as in the source of 0.2x: a string ends at its quote
    prompt=(OK, Prompt(b"> ")),  # with a blank: seen on modules
    busy_behind_data=b"\r\nbusy s...\r\n",
    busy_each_line=True,  # as in the source of 0.2x
    forced_restart=None,
    causes=CAUSES,
)
"""Refused input and data behind the prompt are not echoed: so on modules of 1.5, though the source of 0.2x does."""


TRAITS: Final = by_type(
    WifiTraits(mode=WifiMode.SOFTAP),
    SoftApTraits(mac=local_mac, stations=4),  # the SDK's default
    StationTraits(reconnect_interval=1),  # the SDK comes back by itself, and no command changes that
    UartTraits(
        FACTORY_UART._replace(flow_control=0),
        divider_steps=1,  # modules of 1.7 show 115273 for 115200
        stored=False,  # AT+UART_DEF? of modules from 1.6 on shows it
    ),
    SleepTraits(SleepMode.MODEM_DTIM),
    ServerTraits(idle_limit=180),  # the source of 0.2x
    ReceivingTraits(message_limit=1460),  # one segment
    PassthroughTraits(block=2048),
    HEAP,
    ScanTraits(fields=0x3F, frequency=(0, 0), sorts=False),  # offsets of either sign were seen; calibration always 0
)


class Esp8266V030(Dialect):
    """AT 0.30."""

    name = "esp8266-v0.30"
    tables: ClassVar[tuple[CommandTable, ...]] = TABLES
    version = FirmwareVersion(  # as a module printed it
        core=b"0.30.0.0(Jul  3 2015 19:35:49)",
        sdk=b"1.2.0",
        commit=b"",
        compiled=b"Jul  7 2015 18:34:26",
        application=b"",
        module_name=b"",
    )
    boot_text = FIRST_BOOT_TEXT
    conventions = CONVENTIONS
    traits = TRAITS
