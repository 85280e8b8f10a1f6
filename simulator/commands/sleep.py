"""Sleep (ESP-AT User Guide, AT+GSLP, AT+SLEEP, AT+SLEEPWKCFG)."""

from typing import Annotated, Final

from espat.core.at.answers import Line
from espat.core.at.arguments import Milliseconds, OneOf, Range
from espat.core.at.errors import CommandError
from espat.core.at.grammar import Form
from espat.core.at.registry import CommandTable
from espat.core.restart import Restart, RestartCause
from espat.module import Module
from espat.radio.wifi import Wifi
from espat.system.sleep import Sleep, SleepMode, WakePin

GPIO_SOURCE: Final = 2
"""The one wake-up source of a light-sleep; 0 and 1 are reserved."""
HIGHEST_GPIO: Final = 39
LOW: Final = 0
"""The wake-up level when none is given; no document names the default."""

table = CommandTable()


@table.command("AT+GSLP", Form.SET)
def deep_sleep(module: Module, duration: Annotated[int, Milliseconds(0, 2**31 - 1)]) -> Restart:
    """AT+GSLP=<time>: OK, then nothing until the timer starts the module again.

    Chapter 3 of the guide has a line with the time before OK; its own example has not, nor does the firmware hold
    a text for it.
    """
    return Restart(RestartCause.DEEP_SLEEP, duration / 1000)


@table.command("AT+SLEEP", Form.QUERY)
def sleep_mode(module: Module) -> Line:
    """AT+SLEEP?."""
    return Line(b"+SLEEP:%d" % module[Sleep].mode)


@table.command("AT+SLEEP", Form.SET)
def set_sleep_mode(module: Module, mode: Annotated[int, Range(0, 3)]) -> None:
    """AT+SLEEP=<mode>: any but 0 is refused with a softAP, modem-sleep without an initialised Wi-Fi."""
    wifi = module[Wifi]
    wanted = SleepMode(mode)
    if wanted and wifi.has_softap:
        raise CommandError
    if wanted in (SleepMode.MODEM_DTIM, SleepMode.MODEM_LISTEN_INTERVAL) and not wifi.initialised:
        raise CommandError
    module[Sleep].mode = wanted


@table.command("AT+SLEEPWKCFG", Form.SET)
def set_wake_up(
    module: Module,
    source: Annotated[int, OneOf(GPIO_SOURCE)],
    gpio: Annotated[int, Range(0, HIGHEST_GPIO)],
    level: Annotated[int, OneOf(0, 1)] = LOW,
) -> None:
    """AT+SLEEPWKCFG=<source>,<GPIO>[,<level>]: what ends a light-sleep."""
    module[Sleep].wake_pin = WakePin(gpio, level)
