"""Messages of a trace for people."""

from typing import Final

from espat.core.trace import Record, visible

ARROWS: Final = {"in": "<-", "out": "->", "world": "**"}


def shown_record(record: Record) -> str:
    """A message of a trace on one line, its control characters visible."""
    text = visible(record.data)
    return f"{record.time:12.6f} {record.module} {ARROWS.get(record.direction, '  ')} {record.kind.value:7} {text}"
