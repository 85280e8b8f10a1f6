"""What would be right where a word is none of those that are known: for messages about mistakes. Sans-IO."""

from collections.abc import Iterable
from typing import Final

USUAL_LIKENESS: Final = 0.6
"""How much alike two words have to be, from 0 to 1."""
LONGEST: Final = 80
"""Characters of a word that are looked at."""


def nearest(word: str, known: Iterable[str], likeness: float = USUAL_LIKENESS) -> str | None:
    """The known word that is most like this one; None when none is alike."""
    from difflib import get_close_matches  # only who has made a mistake waits for it

    return next(iter(get_close_matches(word[:LONGEST], list(known), n=1, cutoff=likeness)), None)


def right_word(word: str, known: Iterable[str], pattern: str = "{}", likeness: float = USUAL_LIKENESS) -> str:
    """The known word that is most like this one, or all of them. `pattern`: how to write each."""
    choices = list(known)
    near = nearest(word, choices, likeness)
    return pattern.format(near) if near is not None else any_of(pattern.format(choice) for choice in choices)


def any_of(words: Iterable[str]) -> str:
    """All of them: `one of a, b`, or just `a`."""
    choices = list(words)
    return ("one of " if len(choices) > 1 else "") + ", ".join(choices)
