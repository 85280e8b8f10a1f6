r"""POSIX basic regular expressions over bytes, run by RE2, whose time is linear in the message whatever the expression.
Sans-IO.

What an expression means is what the C library of a PC takes it for (IEEE Std 1003.1, 9.3), without GNU's additions
(`\+`, `\|`, `\w` ...): the module's library knows none of them, and a backslash before an ordinary character means
that character there. An expression ends at a zero byte, as a text of C does.
"""

import re
import string
from collections.abc import Iterable
from typing import Any, Final, Protocol

REPEAT_LIMIT: Final = 255
r"""The largest count in `\{n\}`: what POSIX demands of a library, and all that the module's grants (inference)."""
SIZE_LIMIT: Final = 4000
"""Single-character matches an expression may unfold to. Beyond, the module has no memory for it (inference)."""
HEAVY: Final = 50
"""What a back-reference, and an anchor in a group, count as."""
_ENGINE_MEMORY: Final = 2**20
"""Bytes that RE2 may take for one expression, what it remembers of matching included."""

_ALL: Final = frozenset(range(256))
_ANY: Final = _ALL - {0}
_CLASSES: Final = {
    b"alpha": string.ascii_letters,
    b"digit": string.digits,
    b"alnum": string.ascii_letters + string.digits,
    b"upper": string.ascii_uppercase,
    b"lower": string.ascii_lowercase,
    b"space": string.whitespace,
    b"blank": " \t",
    b"punct": string.punctuation,
    b"print": "".join(map(chr, range(0x20, 0x7F))),
    b"graph": "".join(map(chr, range(0x21, 0x7F))),
    b"cntrl": "".join(map(chr, (*range(0x20), 0x7F))),
    b"xdigit": string.hexdigits,
}
_REPETITION: Final = re.compile(rb"\\\{([0-9]+)(?:,([0-9]*))?\\\}")
_NAMED: Final = re.compile(rb"\[([:.=])(.*?)\1\]", re.DOTALL)


class ExpressionError(ValueError):
    """Not a basic regular expression, or one beyond the module's means."""


class _Compiled(Protocol):
    def search(self, text: bytes, /) -> Any: ...


class Expression:
    """One compiled expression. `source` is what was typed. `size`: single-character matches it unfolds to."""

    def __init__(self, source: bytes) -> None:
        """Compile. Raises ExpressionError."""
        self.source = source
        translation = _Translation(source)
        self.size = translation.size
        self._compiled = _compile(translation)

    def search(self, message: bytes) -> tuple[int, int] | None:
        """Where the leftmost match begins and ends; of several there the longest."""
        found = self._compiled.search(message)
        return None if found is None else found.span()


def _compile(translation: "_Translation") -> _Compiled:
    """Raises ExpressionError."""
    if translation.refers_back:
        # RE2 has no back-references. Without repetitions each piece has one length, so Python's own takes no time.
        return re.compile(translation.pattern.replace(rb"\z", rb"\Z"), re.DOTALL)
    import re2  # a library of its own size: for those who filter

    options = re2.Options()
    options.encoding = re2.Options.Encoding.LATIN1
    options.longest_match = options.never_capture = True
    options.log_errors = False
    options.max_mem = _ENGINE_MEMORY
    try:
        compiled: _Compiled = re2.compile(translation.pattern, options)
    except re2.error:  # counts that multiply to more than 1000
        raise ExpressionError(translation.source) from None
    return compiled


class _Group:
    """A group that is open. `pieces`: the patterns of its atoms; `sizes`: what each of them unfolds to."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.sizes: list[int] = []
        self.repeatable = False
        """Whether an asterisk would repeat the last piece; else it is a character."""

    def add(self, piece: bytes, size: int, *, repeatable: bool = True) -> None:
        self.pieces.append(piece)
        self.sizes.append(size)
        self.repeatable = repeatable


class _Translation:
    """An expression in the words that RE2 and Python share: `pattern`, and its `size`. `refers_back`: whether it has
    back-references."""

    def __init__(self, source: bytes) -> None:
        """Raises ExpressionError."""
        self.source = source
        self.refers_back = self._repeats = False
        self._text = source.partition(b"\0")[0]
        self._at = 0
        self._open = [_Group()]
        self._complete: set[int] = set()
        """The numbers of groups that have ended."""
        self._numbers: list[int] = []
        """Those of the groups that are open."""
        self._groups = 0
        while self._at < len(self._text):
            self._atom()
            if self.size > SIZE_LIMIT or (self._repeats and self.refers_back):
                # With both, matching can take for ever.
                raise self._error()
        if len(self._open) > 1:
            raise self._error()
        self.pattern = b"".join(self._open[0].pieces)

    @property
    def size(self) -> int:
        """Single-character matches of what has been read."""
        return sum(sum(group.sizes) for group in self._open)

    def _error(self) -> ExpressionError:
        return ExpressionError(self.source)

    def _atom(self) -> None:
        text, at, group = self._text, self._at, self._open[-1]
        sign = text[at : at + 1]
        self._at += 1
        if sign == b"\\":
            self._escaped()
        elif sign == b"[":
            group.add(_set(self._bracket()), 1)
        elif sign == b"*" and group.repeatable:
            self._repeat(0, None)
        elif sign == b"^" and (at == 0 or (not group.pieces and text[at - 2 : at] == b"\\(")):
            group.add(rb"\A", HEAVY if len(self._open) > 1 else 1, repeatable=False)
        elif sign == b"$" and (self._at == len(text) or text[self._at : self._at + 2] == b"\\)"):
            group.add(rb"\z", HEAVY if len(self._open) > 1 else 1)
        else:
            group.add(_set(_ANY if sign == b"." else sign), 1)

    def _escaped(self) -> None:
        group = self._open[-1]
        sign = self._text[self._at : self._at + 1]
        self._at += 1
        if sign == b"(":
            self._groups += 1
            self._numbers.append(self._groups)
            self._open.append(_Group())
        elif sign == b")":
            if len(self._open) == 1:
                raise self._error()
            self._open.pop()
            self._complete.add(self._numbers.pop())
            self._open[-1].add(b"(%b)" % b"".join(group.pieces), sum(group.sizes) + 1)
        elif sign == b"{":
            found = _REPETITION.match(self._text, self._at - 2)
            if found is None or not group.repeatable:
                raise self._error()
            self._at = found.end()
            least = int(found[1])
            self._repeat(least, least if found[2] is None else int(found[2]) if found[2] else None)
        elif sign.isdigit() and sign != b"0":
            if int(sign) not in self._complete:
                raise self._error()
            self.refers_back = True
            group.add(b"(?:\\%b)" % sign, HEAVY)
        elif sign:
            group.add(_set(sign), 1)
        else:
            raise self._error()

    def _repeat(self, least: int, most: int | None) -> None:
        """Repeat the last piece. `most`: None is without an end."""
        largest = max(least, most or 0)
        if largest > REPEAT_LIMIT or (most is not None and most < least):
            raise self._error()
        self._repeats = True
        group = self._open[-1]
        count = b"%d" % least if most == least else b"%d,%b" % (least, b"" if most is None else b"%d" % most)
        group.pieces[-1] = b"(?:%b){%b}" % (group.pieces[-1], count)
        group.sizes[-1] *= max(largest, 1)
        if self._text.startswith((b"*", rb"\{"), self._at):  # a repetition of a repetition
            raise self._error()

    # Bracket expressions: _at is behind the bracket

    def _bracket(self) -> frozenset[int]:
        """The bytes that one of them matches."""
        negated = self._text[self._at : self._at + 1] == b"^"
        self._at += negated
        first = self._at
        members: set[int] = set()
        while self._text[self._at : self._at + 1] != b"]" or self._at == first:
            if self._is_hyphen() and self._at != first and self._text[self._at + 1 : self._at + 2] != b"]":
                raise self._error()
            begin, ranges = self._element()
            if self._is_hyphen() and self._text[self._at + 1 : self._at + 2] != b"]":
                self._at += 1
                end, ends = self._element()
                if not ranges or not ends or min(end) < min(begin):
                    raise self._error()
                begin = range(min(begin), min(end) + 1)
            members.update(begin)
        self._at += 1
        return _ALL - members if negated else frozenset(members)

    def _is_hyphen(self) -> bool:
        return self._text[self._at : self._at + 1] == b"-"

    def _element(self) -> tuple[Iterable[int], bool]:
        """The bytes of one element, and whether it can be an end of a range."""
        if self._at >= len(self._text):
            raise self._error()
        found = _NAMED.match(self._text, self._at)
        if found is None:
            if self._text[self._at : self._at + 2] in (b"[:", b"[.", b"[="):
                raise self._error()
            self._at += 1
            return self._text[self._at - 1 : self._at], True
        self._at = found.end()
        kind, name = found[1], found[2]
        if kind == b":":
            if name not in _CLASSES:
                raise self._error()
            return _CLASSES[name].encode(), False
        if len(name) != 1:
            raise self._error()
        return name, kind == b"."


def _set(members: Iterable[int]) -> bytes:
    """A pattern for one byte of these."""
    ordered = sorted(set(members))
    if not ordered:
        return rb"[^\x00-\xff]"
    pieces = []
    begin = ordered[0]
    for byte, following in zip(ordered, [*ordered[1:], 0x200], strict=True):
        if following != byte + 1:
            pieces.append(b"\\x%02x-\\x%02x" % (begin, byte))
            begin = following
    return b"[%b]" % b"".join(pieces)
