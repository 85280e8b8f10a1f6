"""How a firmware speaks on its port, apart from its commands: data of a dialect.

The defaults are those of ESP-AT (ESP-AT User Guide, chapters 3 and 8).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from espat.core.at.answers import OK, Prompt, PromptMessage
from espat.core.at.errors import Cause
from espat.core.at.grammar import Command, parse_line
from espat.core.at.line_discipline import LINE_LIMIT, LineDiscipline, LineReader


@dataclass(frozen=True)
class Conventions:
    """The texts and rules of the AT machine itself.

    `lines`: makes the line discipline of a boot, of `line_limit`: bytes of a command line, CR LF not counted.
    `folds_names`: whether command names may be typed in any case. `commas_in_strings`: whether a comma between quotes
    belongs to the string without a backslash before it. `prompt`: printed when data is wanted; two writes of the
    firmware, so two messages. `receipt`: the notice that all announced data has come in, `%d` bytes. `busy`: the answer
    to input while a command runs; `busy_behind_data`: the same once the command has got its data. `busy_each_line`:
    input without a LF is refused in silence, and there is an answer for each LF. `forced_restart`: what AT+RST prints
    while a command runs; None where it is busy as any other. `empty_echo`: tag and text in the log of the firmware for
    an echo that begins with NUL (an inference: the text that it is about to echo ends before it begins). `causes`: the
    line before ERROR, by what went wrong.
    """

    lines: Callable[[int], LineReader] = LineDiscipline
    line_limit: int = LINE_LIMIT
    folds_names: bool = True
    commas_in_strings: bool = False
    prompt: tuple[PromptMessage, ...] = (OK, Prompt(b"\r\n>"))
    receipt: bytes = b"\r\nRecv %d bytes\r\n"
    busy: bytes = b"\r\nbusy p...\r\n"
    busy_behind_data: bytes = b"\r\nbusy p...\r\n"
    busy_each_line: bool = False
    forced_restart: bytes | None = b"\r\nWill force to restart!!!\r\n"
    empty_echo: tuple[str, str] = ("at-common", "write dlen:0")
    causes: Mapping[Cause, bytes] = field(default_factory=dict)

    def line_reader(self) -> LineReader:
        """The line discipline of one boot."""
        return self.lines(self.line_limit)

    def parse_line(self, line: bytes) -> Command:
        """Cut a line (without its CR LF) into its parts. Raises UnknownCommandError."""
        return parse_line(line, folds_names=self.folds_names, commas_in_strings=self.commas_in_strings)


ESP_AT = Conventions()
