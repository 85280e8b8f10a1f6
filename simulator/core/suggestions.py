"""How messages about mistakes are worded, and the right word where one is none of those that are known. Sans-IO.

Two forms: `unknown key 'chanel' (did you mean 'channel'?)`, and `expected a number, got 'x'`.
"""

from collections.abc import Iterable
from itertools import islice
from typing import Final

USUAL_LIKENESS: Final = 0.6
"""How much alike two words have to be, from 0 to 1."""
LONGEST: Final = 80
"""Characters of a word that are looked at."""
MOST_SHOWN: Final = 100
"""Known words that a message names."""
MOST_KNOWN: Final = 1000
"""Known words that are looked at: comparing takes its time, and files may come from anybody."""


def nearest(word: str, known: Iterable[str], likeness: float = USUAL_LIKENESS) -> str | None:
    """The known word that is most like this one; None when none is alike."""
    from difflib import get_close_matches  # only who has made a mistake waits for it

    choices = list(islice(known, MOST_KNOWN))
    return next(iter(get_close_matches(word[:LONGEST], choices, n=1, cutoff=likeness)), None)


def right_word(word: str, known: Iterable[str], pattern: str = "{}", likeness: float = USUAL_LIKENESS) -> str:
    """The known word that is most like this one, or all of them. `pattern`: how to write each."""
    choices = list(known)
    near = nearest(word, choices, likeness)
    return pattern.format(near) if near is not None else any_of(pattern.format(choice) for choice in choices)


def any_of(words: Iterable[str]) -> str:
    """All of them: `one of a, b`, or just `a`."""
    choices = list(words)
    return ("one of " if len(choices) > 1 else "") + ", ".join(choices)


def unknown(what: str, word: str, known: Iterable[str], likeness: float = USUAL_LIKENESS) -> str:
    """`unknown key 'chanel' (did you mean 'channel'?)`, or with all that are known where none is like it. `what` it
    is, a key for one; capitals do not make a word another one."""
    choices = list(known)
    folded = {choice.lower(): choice for choice in choices}
    near = nearest(word.lower(), folded, likeness)
    if near is not None:
        hint = f" (did you mean {folded[near]!r}?)"
    else:
        more = ["..."] if len(choices) > MOST_SHOWN else []
        hint = f" (known: {', '.join([*choices[:MOST_SHOWN], *more])})" if choices else ""
    return f"unknown {what} {shortened(word)}{hint}"


def expected(right: str, found: str) -> str:
    """`expected a number, got 'x'`."""
    return f"expected {right}, got {found}"


def shortened(text: str, most: int = LONGEST) -> str:
    """A text in quotes on one line, cut."""
    return repr(text) if len(text) <= most else repr(text[:most]) + "..."


def one_line(text: str, most: int = 120) -> str:
    """A text without quotes on one line, cut."""
    return "".join(each if each.isprintable() else " " for each in text[:most])
