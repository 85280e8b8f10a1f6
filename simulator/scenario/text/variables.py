"""The variables of a scenario: documented values that a run may replace by its own. Sans-IO.

A variable is bound, or still open. It starts open with its documented value; using it in something that is sent or
done binds it to that value; the first expected line that contains an open one captures what the module prints there.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from espat.scenario.text.patterns import REGULAR_EXPRESSION, fullmatch

VARIABLE: Final = re.compile(r"\{\{(\w+)\}\}")
"""How a text refers to a variable, by its name."""


def pattern_mistake(text: str) -> str | None:
    """What is wrong with a line that is a pattern, whatever its variables are; None for any other."""
    if not text.startswith(REGULAR_EXPRESSION):
        return None
    try:
        re.compile(VARIABLE.sub("x", text.removeprefix(REGULAR_EXPRESSION)), re.DOTALL)
    except (re.error, OverflowError, RecursionError) as error:
        return f"not a regular expression: {error}"
    return None


class UnknownVariableError(Exception):
    """A text refers to a variable that the scenario does not define, or that has no value yet."""


class Variables:
    """Names, values, and which of them are bound."""

    def __init__(self, documented: Mapping[str, str | None], bound: Iterable[str] = ()) -> None:
        """`documented`: None is no value at all, until one is captured."""
        self._values = dict(documented)
        self._bound = set(bound)

    def bind(self, values: Mapping[str, str]) -> None:
        """Fix values that have been captured or arranged."""
        self._values.update(values)
        self._bound.update(values)

    def use(self, text: str) -> str:
        """Put the values in, and bind what was used. Raises UnknownVariableError."""

        def value(reference: re.Match[str]) -> str:
            name = self._known(reference[1])
            documented = self._values[name]
            if documented is None:
                raise UnknownVariableError(name)
            self._bound.add(name)
            return documented

        return VARIABLE.sub(value, text)

    def match(self, wanted: str, line: str, captured: Mapping[str, str]) -> dict[str, str] | None:
        """What `line` captures when it is the `wanted` one, else None. Raises UnknownVariableError.

        `captured`: values captured by lines before it whose match is not final yet.
        """
        if not VARIABLE.search(wanted) and not wanted.startswith(REGULAR_EXPRESSION):
            return {} if line == wanted else None
        found = fullmatch(re.compile(self._pattern(wanted, captured), re.DOTALL), line)
        return None if found is None else {name: found[name] for name in found.groupdict() if name in self._values}

    def _pattern(self, wanted: str, captured: Mapping[str, str]) -> str:
        is_pattern = wanted.startswith(REGULAR_EXPRESSION)
        pieces = VARIABLE.split(wanted.removeprefix(REGULAR_EXPRESSION))
        seen: set[str] = set()
        pattern = []
        for number, piece in enumerate(pieces):
            if number % 2 == 0:
                pattern.append(piece if is_pattern else re.escape(piece))
                continue
            name = self._known(piece)
            value = captured.get(name, self._values[name] if name in self._bound else None)
            if value is not None:
                pattern.append(re.escape(value))
            elif name in seen:
                pattern.append(f"(?P={name})")
            else:
                seen.add(name)
                pattern.append(f"(?P<{name}>.+?)")
        return "".join(pattern)

    def _known(self, name: str) -> str:
        if name not in self._values:
            raise UnknownVariableError(name)
        return name
