"""Messages of a trace for people."""

from collections.abc import Iterable
from typing import Final

from espat.core.at.redaction import HIDDEN
from espat.core.trace import Record, visible

ARROWS: Final = {"in": "<-", "out": "->", "world": "**"}


def shown_record(record: Record) -> str:
    """A message of a trace on one line, its control characters visible."""
    text = visible(record.data)
    return f"{record.time:12.6f} {record.module} {ARROWS.get(record.direction, '  ')} {record.kind.value:7} {text}"


def without_secrets(text: str, secrets: Iterable[bytes]) -> str:
    """A text for people, with these hidden; they may have been made visible in it."""
    for secret in sorted(secrets, key=len, reverse=True):  # one may be the beginning of another
        text = text.replace(visible(secret), HIDDEN.decode())
    return text
