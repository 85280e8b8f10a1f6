"""The error of everything that is expected of a module or its world."""

from collections.abc import Sequence


class MismatchError(Exception):
    """Something came that the scenario does not allow, or did not come. `difference`: lines that show where, ` ` before
    what is as expected, `-` before what is missing, `+` before what came."""

    def __init__(self, problem: str, difference: Sequence[str] = ()) -> None:
        super().__init__(problem)
        self.difference = tuple(difference)
