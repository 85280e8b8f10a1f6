"""What a message about a wrong word says would be right."""

import pytest

from espat.core.suggestions import any_of, nearest, right_word


@pytest.mark.parametrize(
    ("word", "known", "right"),
    [
        ("tmeout", ["time", "timeout"], "timeout"),
        ("xyz", ["fast", "real"], "one of fast, real"),
        ("xyz", ["fast"], "fast"),
        ("", ["fast", "real"], "one of fast, real"),
        ("x" * 100_000, ["fast", "real"], "one of fast, real"),
    ],
)
def test_a_word_like_it_or_all_of_them(word: str, known: list[str], right: str) -> None:
    assert right_word(word, iter(known)) == right


def test_a_pattern_is_for_each_of_them() -> None:
    assert right_word("labb", ["lab", "attic"], '"{}"') == '"lab"'
    assert right_word("?", ["lab", "attic"], '"{}"') == 'one of "lab", "attic"'


def test_how_much_alike_they_have_to_be() -> None:
    assert nearest("--seat", ["--speed", "--seed"]) == "--seed"
    assert nearest("--seat", ["--speed", "--seed"], 0.9) is None


def test_all_of_them() -> None:
    assert any_of(["a", "b"]) == "one of a, b"
    assert any_of(["a"]) == "a"
