"""The last NONOS firmware of the ESP8266: AT 1.7. A table of differences from 0.30.

Evidence: [M] sessions of modules, of 1.7 unless it says otherwise; [W] the library WiFiEspAT, whose flavour for AT 1.7
is used with such modules; [T] TinyGSM; [Z] the driver of Zephyr; [Mb] that of Mbed;
[nonos 1.3] the texts of that firmware.
"""

from typing import Final

from espat.commands import receiving, server, smart_config, sntp, softap, uart, wifi
from espat.commands.esp8266 import saved_link, v17
from espat.commands.esp8266.current_default import three
from espat.core.at.grammar import Form
from espat.core.at.registry import CommandTable
from espat.core.parts import by_type
from espat.dialects.esp8266_board import LAST_BOOT_TEXT
from espat.dialects.esp8266_v030 import Esp8266V030
from espat.radio.scan import ScanTraits
from espat.radio.softap import SOFTAP_STATION_JOINED, SOFTAP_STATION_LEFT
from espat.stack.links import LinkTraits
from espat.stack.receiving import ReceivingTraits
from espat.stack.softap_interface import SOFTAP_LEASED
from espat.system.uart import UartTraits
from espat.system.version import FirmwareVersion

TABLES: Final[tuple[CommandTable, ...]] = (
    v17.table.only(*three("AT+CWJAP")),  # what is joined is just OK [M 1.7.4, one session]; a fifth value [M 1.7.5]
    v17.table.only("AT+CWSTARTSMART"),  # AirKiss too (the manuals from 1.0 on)
    v17.table.only(*three("AT+CWSAP")),  # most stations and hidden besides [M 1.3] [W]
    v17.table.only("AT+CWDHCPS_CUR", "AT+CWDHCPS_DEF"),  # no blank line; zeros unless stored [M, two of 1.x]
    v17.table.only(*three("AT+CIPSTA")),  # three lines [nonos 1.3] [W]
    v17.table.only(*three("AT+CIPAP")),  # three lines [W]
    v17.table.only("AT+CIPDNS_CUR", "AT+CIPDNS_DEF"),  # a line for each server, unquoted; no name without suffix [W]
    v17.table.only("AT+CWLAP"),  # times; left out, or an empty SSID, is any [Mb]
    v17.table.only("AT+CWCOUNTRY_CUR", "AT+CWCOUNTRY_DEF"),  # [M 1.7.0] [Mb]
    v17.table.only("AT+SYSMSG_CUR", "AT+SYSMSG_DEF"),  # (the manuals from 1.6 on)
    v17.table.only("AT+CIPSNTPTIME"),  # two digits for the day [M]
    v17.table.only("AT+CWLAPOPT"),  # sorting, and a bit for each field [W]
    v17.table.only("AT+CIPSTATUS"),  # six fields [T] [nonos 1.3]
    # SSL too [T]; the keep-alive in seconds (the manuals from 1.0 on); a handshake that fails is ERROR and CLOSED [M]
    v17.table.only("AT+CIPSTART"),
    v17.table.only("AT+CIPSSLSIZE"),  # [T]
    v17.table.only("AT+CIPSSLCCONF"),  # one number: with two it is refused [T]
    v17.table.only("AT+CIPDOMAIN"),  # unquoted [W]
    v17.table.only("AT+CIPRECVDATA"),  # `,<length>:` [W]
    v17.table.only("AT+CIPRECVLEN"),  # 0 for links that are not open [W]
    v17.table.only("AT+SYSRAM"),  # one number (the manual of 1.7)
    wifi.table.only("AT+CWHOSTNAME"),  # unquoted [W]
    receiving.table.only("AT+CIPRECVMODE"),  # for all links at once [W]
    server.table.only("AT+CIPSERVERMAXCONN"),  # [W]
    sntp.table.only("AT+CIPSNTPCFG"),  # (the manuals from 1.5 on)
    v17.table.only(("AT+UART_DEF", Form.QUERY)),  # zeros until it is set [M 1.6.2] [M 1.7.0]
    uart.table.only(("AT+UART_CUR", Form.QUERY)),  # (the manuals from 1.5 on)
    softap.table.only(SOFTAP_STATION_JOINED, SOFTAP_LEASED, SOFTAP_STATION_LEFT),  # [M 1.7.0]
    smart_config.table,  # [nonos 1.3]
    saved_link.with_names,
    *Esp8266V030.tables,  # the rest as in 0.30: the prompt `> ` [W], +IPD without quotes [Z], FAIL, UNLINK [M] [W]
)


class Esp8266V17(Esp8266V030):
    """AT 1.7."""

    name = "esp8266-v1.7"
    tables = TABLES
    version = FirmwareVersion(  # [M]
        core=b"1.7.4.0(May 11 2020 19:13:04)",
        sdk=b"3.0.4(9532ceb)",
        commit=b"",
        compiled=b"May 27 2020 10:12:17",
        application=b"1.7.4",
        module_name=b"Wroom 02",
    )
    boot_text = LAST_BOOT_TEXT
    traits = Esp8266V030.traits | by_type(
        UartTraits(divider_steps=1, stored=False),  # [M 1.7.0] [M 1.7.4] RTS is on
        ScanTraits(frequency=(0, 0), sorts=False),  # [M 1.6.2] all fields; 1.7.5: seven, perhaps set
        ReceivingTraits(message_limit=1460, datagrams_wait=False, tells_each=True),  # [W] UDP is printed as it comes
        # Two segments are held; [W] CLOSED comes though there is data left to read
        LinkTraits(withholds_end=False, receive_window=2920),
    )
