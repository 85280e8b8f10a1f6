"""The filter for system messages: what an expression matches of a message never reaches the port (ESP-AT User Guide,
AT+SYSMSGFILTERCFG). Sans-IO.

A filter has an expression for the head of a message, one for its tail, or both. It applies to a message that
matches all it has; the matches are cut out, the rest goes out unchanged. The first filter that applies is the last
one tried.
"""

from collections.abc import Iterator
from typing import Final

from espat.core.at.basic_expression import SIZE_LIMIT, Expression, ExpressionError

FILTERS_LIMIT: Final = 64
"""Filters that a module has memory for, together with SIZE_LIMIT for all their expressions (inference)."""


class SystemMessageFilter:
    """The filters of one boot, in the order they were added."""

    def __init__(self) -> None:
        self._filters: list[tuple[Expression | None, Expression | None]] = []

    def __iter__(self) -> Iterator[tuple[bytes, bytes]]:
        """Head and tail of each filter as they were typed; an absent one is empty."""
        return iter([(_source(head), _source(tail)) for head, tail in self._filters])

    def add(self, head: bytes, tail: bytes) -> None:
        """Add a filter; an empty part is not looked for. Raises ExpressionError, for one too many as well."""
        added = (_compiled(head), _compiled(tail))
        sizes = [part.size for parts in (*self._filters, added) for part in parts if part is not None]
        if len(self._filters) >= FILTERS_LIMIT or sum(sizes) > SIZE_LIMIT:
            raise ExpressionError(head + tail)
        self._filters.append(added)

    def remove(self, head: bytes, tail: bytes) -> None:
        """Delete the first filter with exactly these parts. Raises KeyError when there is none."""
        for index, parts in enumerate(self):
            if parts == (head, tail):
                del self._filters[index]
                return
        raise KeyError(head, tail)

    def clear(self) -> None:
        """Delete all filters."""
        self._filters.clear()

    def apply(self, message: bytes) -> bytes:
        """What is left of a message."""
        for expressions in self._filters:
            matches = [expression.search(message) for expression in expressions if expression is not None]
            if None not in matches:
                return _cut_out(message, sorted(match for match in matches if match is not None))
        return message


def _compiled(source: bytes) -> Expression | None:
    return Expression(source) if source else None


def _source(expression: Expression | None) -> bytes:
    return b"" if expression is None else expression.source


def _cut_out(message: bytes, matches: list[tuple[int, int]]) -> bytes:
    """The message without the matches, which may overlap."""
    kept = bytearray()
    at = 0
    for begin, end in matches:
        kept += message[at:begin]
        at = max(at, end)
    return bytes(kept + message[at:])
