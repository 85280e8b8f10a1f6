"""Basic regular expressions as the C library of this machine has them: what `core/at/basic_expression.py` is compared
with. It has no limits of its own, so nothing large is given to it."""

import ctypes
import re
import weakref
from functools import cache
from typing import Final

REPEAT_LIMIT: Final = 255
r"""The largest count in `\{n\}`: what POSIX demands of a library, and all that the module's grants (inference)."""
SIZE_LIMIT: Final = 10_000
"""Single-character matches an expression may unfold to. Beyond, the module has no memory for it (inference)."""
HEAVY: Final = 50
"""What a back-reference, and an anchor in a group, count as: repeating them costs the C library that much more."""

_REGEX_BYTES: Final = 256
"""Room for the C library's `regex_t`, which takes 64 bytes on a 64-bit machine."""
_REG_STARTEND: Final = 4
"""The subject is where `regmatch_t` says, zero bytes and all."""
_TEXT_LOCALE: Final = 1 << 0 | 1 << 3  # LC_CTYPE and LC_COLLATE

_TOKEN: Final = rb"""
      \[ \^? \]? (?: \[ (?P<class>[:.=]) .*? (?P=class) \] | [^\]] )* \]  # a bracket expression
    | \\\{ (?P<least>\d+) (?: , (?P<most>\d*) )? \\\}                       # a repetition
    | \\ (?P<escaped>.)
    | .
"""
_MEANINGFUL_ESCAPES: Final = b"()}.*[]^$\\123456789"


class ExpressionError(ValueError):
    """Not a basic regular expression, or one beyond the module's means."""


class Expression:
    """One compiled expression. `source` is what was typed."""

    def __init__(self, source: bytes) -> None:
        """Compile. Raises ExpressionError."""
        self.source = source
        library = _c_library()
        self._library = library
        self._compiled = ctypes.create_string_buffer(_REGEX_BYTES)
        self._match = (ctypes.c_int * 2)()
        pattern = _without_extensions(source)
        # The module knows bytes, no encoding; what the locale is while compiling counts.
        before = library.uselocale(_byte_locale())
        failure = library.regcomp(self._compiled, pattern, 0)
        library.uselocale(before)
        if failure:
            raise ExpressionError(source)
        weakref.finalize(self, library.regfree, self._compiled)

    def search(self, message: bytes) -> tuple[int, int] | None:
        """Where the leftmost match begins and ends; of several there the longest."""
        match = self._match
        match[0], match[1] = 0, len(message)
        if self._library.regexec(self._compiled, message, 1, match, _REG_STARTEND):
            return None
        return match[0], match[1]


def _without_extensions(source: bytes) -> bytes:
    """The expression in plain POSIX terms. Raises ExpressionError when it would take too much memory or time.

    Both are checked here because the C library has no limit: nested repetitions take all memory of this machine, and a
    back-reference beside a repetition can take hours to match.
    """
    plain = bytearray()
    repeats = refers_back = False
    groups = [[0, 0]]  # for every open group: its size so far, and the size of its last atom
    for token in re.finditer(_TOKEN, source, re.VERBOSE | re.DOTALL):
        text, escaped = token[0], token["escaped"]
        if escaped == b"{":  # no complete repetition
            raise ExpressionError(source)
        if escaped is not None and escaped not in _MEANINGFUL_ESCAPES:
            text = escaped
        plain += text
        group = groups[-1]
        if text == b"\\(":
            groups.append([0, 0])
        elif text == b"\\)" and len(groups) > 1:
            size = groups.pop()[0] + 1
            groups[-1][0] += size
            groups[-1][1] = size
        elif token["least"] is not None:
            repeats = True
            count = max(int(token["least"]), int(token["most"] or 0))
            if count > REPEAT_LIMIT:
                raise ExpressionError(source)
            group[0] += group[1] * (max(count, 1) - 1)
            group[1] *= max(count, 1)
        elif text == b"*":
            repeats = True
        else:
            anchor_in_group = len(groups) > 1 and text in (b"^", b"$")
            back_reference = escaped is not None and escaped.isdigit()
            refers_back = refers_back or back_reference
            group[1] = HEAVY if anchor_in_group or back_reference else 1
            group[0] += group[1]
        if groups[-1][0] > SIZE_LIMIT or (repeats and refers_back):
            raise ExpressionError(source)
    return bytes(plain)


@cache
def _c_library() -> ctypes.CDLL:
    """This process's C library; nobody needs it before there is a filter."""
    library = ctypes.CDLL(None)
    library.newlocale.restype = library.uselocale.restype = ctypes.c_void_p
    library.newlocale.argtypes = [ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p]
    library.uselocale.argtypes = [ctypes.c_void_p]
    library.regcomp.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
    size, pointer = ctypes.c_size_t, ctypes.c_void_p
    library.regexec.argtypes = [pointer, ctypes.c_char_p, size, pointer, ctypes.c_int]
    library.regfree.argtypes = [ctypes.c_void_p]
    library.regfree.restype = None
    return library


@cache
def _byte_locale() -> int:
    locale: int = _c_library().newlocale(_TEXT_LOCALE, b"C", None)
    return locale
