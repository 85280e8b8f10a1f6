"""The events of a module, as scenarios name them. Sans-IO."""

from typing import Any, Final

from espat.core.suggestions import unknown
from espat.dialects.loading import event_names, is_event
from espat.scenario.schema.kinds import Kind, WrongValueError, of_type

RIGHT: Final = "an event of a module"


def read_event(value: Any) -> str:
    """The name of an event. Raises WrongValueError."""
    text: str = of_type(str, RIGHT, "string").read(value)
    if not is_event(text):
        raise WrongValueError(RIGHT, problem=unknown("event", text, event_names()))
    return text


EVENT: Final = Kind(RIGHT, read_event, lambda: {"enum": event_names()})
"""Which there are is known when somebody asks: they come with the rooms of the firmwares."""
