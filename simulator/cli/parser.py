"""The parser of the command line: what is wrong is said in one line, with what was expected."""

import argparse
from collections.abc import Sequence
from typing import Any, Final, NoReturn

from espat.core.suggestions import nearest, right_word

LIKENESS: Final = 0.75
"""How much alike two words have to be for one to be a slip of the pen."""


class Parser(argparse.ArgumentParser):
    """One of a command or a subcommand. Options are not abbreviated: a new one would change what is there."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.allow_abbrev = False

    def error(self, message: str) -> NoReturn:
        """Say it, and end with 2."""
        self.exit(2, f"{self.prog}: {message}\n{self.prog} --help says what there is\n")

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: argparse.Namespace | None = None
    ) -> tuple[argparse.Namespace, list[str]]:
        """Parse; what is unknown is an error of the subcommand that it was given to."""
        found, unknown = super().parse_known_args(args, namespace)
        if unknown:
            self.error(self._unknown(unknown[0]))
        return found, unknown

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is None or value in action.choices:
            return
        right = right_word(str(value), map(str, action.choices), likeness=LIKENESS)
        raise argparse.ArgumentError(action, f"expected {right}, got {value!r}")

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        if action.type not in (int, float):
            return super()._get_value(action, arg_string)
        try:
            return action.type(arg_string)
        except ValueError:
            right = "a whole number" if action.type is int else "a number"
            raise argparse.ArgumentError(action, f"expected {right}, got {arg_string!r}") from None

    def _unknown(self, word: str) -> str:
        if not word.startswith("-"):
            is_world = word.endswith(".toml") and "--world" in self._option_string_actions
            hint = f" (did you mean '--world {word}'?)" if is_world else ""
            return f"unexpected argument {word!r}{hint}"
        option = word.partition("=")[0]
        near = nearest(option, (name for name in self._option_string_actions if name.startswith("--")), LIKENESS)
        return f"unknown option {option!r}" + (f" (did you mean {near!r}?)" if near else "")
