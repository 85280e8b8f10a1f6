"""What a module has printed, and how far the scenario has accounted for it. Sans-IO.

The rules:

    lines       output is cut at LF, a CR before it is dropped; nothing else is trimmed
    prompt      `>` as the last expected line is one byte, with no line end behind it
    open end    the last expected line may lack its line end; it counts when the module has gone quiet, and a line end
                that comes after all belongs to it
    echo        the echo of a command is dropped where it appears
    tolerated   lines that may appear are dropped when they are not what is expected; expected lines take precedence
    lenient     empty lines do not count, including those behind the last line

An attempt is made on all bytes at hand each time bytes have come: it succeeds, wants more, or raises MismatchError.
"""

from collections.abc import Sequence
from enum import IntEnum
from typing import Final, NamedTuple

from espat.scenario.stage.mismatch import MismatchError
from espat.scenario.text.variables import Variables

PROMPT: Final = ">"
EXCERPT: Final = 300
"""Bytes of output that an error quotes."""
ECHOES_PENDING: Final = 8
"""Commands sent before whose echo may still come; with echo off none ever does."""

Lines = Sequence[str]


class Quiet(IntEnum):
    """How long the module has printed nothing."""

    NO = 0
    RESTING = 1
    """Long enough to take a line without line end as it stands."""
    SILENT = 2
    """Long enough to believe that nothing comes."""


class _Found(NamedTuple):
    """What an attempt has matched. `end`: where, in the output. `echoes`: how many of those expected are over.
    `open_end`: the last line has no line end yet."""

    end: int
    captured: dict[str, str]
    echoes: int = 0
    open_end: bool = False


class Printed:
    """The output of one module from the last accounted byte on."""

    def __init__(self, variables: Variables, tolerated: Lines = ()) -> None:
        """`tolerated`: lines that may appear anywhere."""
        self.unread = b""
        self._variables = variables
        self._tolerated = tuple(tolerated)
        self._repeatable: tuple[str, ...] = ()
        self._echoes: list[str] = []
        self._open_end = False
        self._lenient_end = False

    def feed(self, data: bytes) -> None:
        """Take what the module has printed."""
        self.unread += data

    def command_sent(self, command: str) -> None:
        """Expect the echo of a command, if there is any."""
        self._echoes = [*self._echoes[-ECHOES_PENDING:], command]
        self._repeatable = ()

    def excerpt(self) -> bytes:
        """The beginning of what has not been accounted for, to quote in an error."""
        return self.unread[:EXCERPT]

    # Attempts: True when satisfied, False when more output is needed

    def lines(self, alternatives: Sequence[Lines], *, lenient: bool = False, quiet: Quiet = Quiet.NO) -> bool:
        """Exactly the lines of one of the alternatives, in order. Raises MismatchError.

        An alternative of no lines at all is taken when the module stays silent or prints what no other allows.
        """
        wanted = [[line for line in lines if line or not lenient] for lines in alternatives]
        if wanted == [[]]:
            return True
        found: list[_Found] = []
        undecided = False
        complaint: MismatchError | None = None
        for start in self._starts():
            for lines in wanted:
                if not lines:
                    continue
                try:
                    attempt = self._follow(lines, start, lenient=lenient, quiet=quiet)
                except MismatchError as error:
                    complaint = complaint or error
                    continue
                if attempt is None:
                    undecided = True
                else:
                    found.append(attempt)
        if found and (not undecided or quiet):
            self._account(found[0], lenient=lenient)
            return True
        if found:
            return False
        if [] in wanted and (not undecided or quiet is Quiet.SILENT):
            return True
        if undecided:
            return False
        assert complaint is not None
        raise complaint

    def difference(self, wanted: Lines, *, lenient: bool = False) -> tuple[str, ...]:
        """Where what has come is not these lines: those up to the first that is missing, and what came in its place.
        Control characters are visible."""
        at = self._starts()[-1] if lenient else 0
        captured: dict[str, str] = {}
        shown: list[str] = []
        for expected in (line for line in wanted if line or not lenient):
            while True:
                end = self.unread.find(b"\n", at)
                line = _text(self.unread[at : end if end >= 0 else len(self.unread)])
                values = self._variables.match(expected, line, captured) if at < len(self.unread) else None
                is_dropped = self._first(self._dropped, line, captured) is not None or self._echo(line, 0) is not None
                if values is not None or end < 0 or not (is_dropped or (lenient and not line)):
                    break
                at = end + 1
            if values is None:
                came = f"+ {_visible(line)}" if at < len(self.unread) else "+ (nothing more)"
                return (*shown, f"- {_visible(expected)}", came)
            captured |= values
            shown.append(f"  {_visible(line)}")
            at = end + 1 if end >= 0 else len(self.unread)
        return ()

    def line_set(self, wanted: Lines, also: Lines = ()) -> bool:
        """Each line at least once, in any order; repeats, empty lines and lines that match `also` do not count.

        Repeats may go on until the next command. Raises MismatchError.
        """
        at = 0
        missing = list(wanted)
        captured: dict[str, str] = {}
        echoes = 0
        while missing:
            end = self.unread.find(b"\n", at)
            if end < 0:
                return False
            line = _text(self.unread[at:end])
            at = end + 1
            hit = self._first(missing, line, captured)
            if hit is not None:
                captured |= hit[1]
                missing.remove(hit[0])
            elif (echo := self._echo(line, echoes)) is not None:
                echoes = echo
            elif line and self._first((*wanted, *also, *self._dropped), line, captured) is None:
                raise self._mismatch(f"any of {missing!r}", line, at)
        self._account(_Found(at, captured, echoes), lenient=True)
        self._repeatable = (*wanted, *also)
        return True

    def raw(self, wanted: bytes) -> bool:
        """Exactly these bytes. Raises MismatchError."""
        candidates = [self.unread[start:] for start in self._starts()]
        for rest in candidates:
            if rest.startswith(wanted):
                self._account(_Found(len(self.unread) - len(rest) + len(wanted), {}), lenient=False)
                return True
        if any(wanted.startswith(rest) for rest in candidates):
            return False
        raise MismatchError(f"expected {wanted!r}, got {self.excerpt()!r}")

    def through(self, wanted: str) -> bool:
        """Anything, up to and including this line."""
        at = 0
        while (end := self.unread.find(b"\n", at)) >= 0:
            line = _text(self.unread[at:end])
            at = end + 1
            if self._variables.match(wanted, line, {}) is not None:
                self._echoes.clear()
                self._account(_Found(at, {}), lenient=False)
                return True
        return False

    def nothing(self) -> None:
        """Nothing but what is tolerated may have come. Raises MismatchError."""
        at = self._starts()[-1]
        while (end := self.unread.find(b"\n", at)) >= 0:
            line = _text(self.unread[at:end])
            if self._first(self._dropped, line, {}) is None:
                break
            at = end + 1
        if at < len(self.unread):
            raise MismatchError(f"expected silence, got {self.unread[at : at + EXCERPT]!r}")
        self._account(_Found(at, {}), lenient=False)

    def forget(self) -> None:
        """What has come so far does not matter."""
        self._echoes.clear()
        self._account(_Found(len(self.unread), {}), lenient=False)

    # Inside

    @property
    def _dropped(self) -> tuple[str, ...]:
        return self._tolerated + self._repeatable

    def _starts(self) -> list[int]:
        """Where the next output may begin: behind nothing, or behind what still belongs to the last match."""
        starts = [0]
        if self._open_end or self._lenient_end:
            at = 0
            while True:
                if self.unread.startswith(b"\r\n", at):
                    at += 2
                elif self.unread.startswith(b"\n", at):
                    at += 1
                else:
                    break
                starts.append(at)
                if not self._lenient_end:
                    break
        return starts

    def _follow(self, wanted: list[str], start: int, *, lenient: bool, quiet: Quiet) -> _Found | None:
        """Match line by line; None when more output is needed. Raises MismatchError."""
        at = start
        captured: dict[str, str] = {}
        echoes = 0
        for number, expected in enumerate(wanted):
            is_last = number == len(wanted) - 1
            while True:
                if is_last and expected == PROMPT and self.unread.startswith(b">", at):
                    return _Found(at + 1, captured, echoes)
                end = self.unread.find(b"\n", at)
                if end < 0:
                    return self._open_line(expected, at, captured, echoes) if is_last and quiet else None
                line = _text(self.unread[at:end])
                at = end + 1
                values = self._variables.match(expected, line, captured)
                if values is not None:
                    captured |= values
                    break
                if (echo := self._echo(line, echoes)) is not None:
                    echoes = echo
                elif not (lenient and not line) and self._first(self._dropped, line, captured) is None:
                    raise self._mismatch(repr(expected), line, at)
        return _Found(at, captured, echoes)

    def _open_line(self, expected: str, at: int, captured: dict[str, str], echoes: int) -> _Found | None:
        rest = self.unread[at:]
        if not rest or rest.endswith(b"\r"):
            return None
        values = self._variables.match(expected, _text(rest), captured)
        if values is None:
            return None
        return _Found(len(self.unread), captured | values, echoes, open_end=True)

    def _mismatch(self, expected: str, line: str, end: int) -> MismatchError:
        read = self.unread[max(0, end - EXCERPT) : end]
        return MismatchError(f"expected {expected}, got {line!r} at the end of {read!r}")

    def _echo(self, line: str, skip: int) -> int | None:
        """How many echoes are over when this line is one of those still to come; None when it is none.

        Some firmwares echo the line end as CR CR LF.
        """
        line = line.removesuffix("\r")
        return self._echoes.index(line, skip) + 1 if line in self._echoes[skip:] else None

    def _first(self, wanted: Lines, line: str, captured: dict[str, str]) -> tuple[str, dict[str, str]] | None:
        for expected in wanted:
            values = self._variables.match(expected, line, captured)
            if values is not None:
                return expected, values
        return None

    def _account(self, found: _Found, *, lenient: bool) -> None:
        self.unread = self.unread[found.end :]
        self._variables.bind(found.captured)
        del self._echoes[: found.echoes]
        self._open_end = found.open_end
        self._lenient_end = lenient


def _visible(line: str) -> str:
    return "".join(each if each.isprintable() and each != "\\" else repr(each)[1:-1] for each in line[:EXCERPT])


def _text(line: bytes) -> str:
    return line.removesuffix(b"\r").decode("utf-8", "surrogateescape")
