"""What a message about a wrong word says would be right."""

import pytest

from espat.core.suggestions import any_of, expected, nearest, one_line, right_word, unknown


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


@pytest.mark.parametrize(
    ("word", "known", "message"),
    [
        ("chanel", ["ssid", "channel"], "unknown key 'chanel' (did you mean 'channel'?)"),
        ("CHANNEL", ["ssid", "Channel"], "unknown key 'CHANNEL' (did you mean 'Channel'?)"),
        ("q\nr", ["ssid", "channel"], "unknown key 'q\\nr' (known: ssid, channel)"),
        ("x", [], "unknown key 'x'"),
        ("x", [f"w{n}" for n in range(300)], f"unknown key 'x' (known: {', '.join(f'w{n}' for n in range(100))}, ...)"),
        ("x" * 200, [], "unknown key '" + "x" * 80 + "'..."),
    ],
)
def test_an_unknown_word_and_the_one_that_was_meant(word: str, known: list[str], message: str) -> None:
    assert unknown("key", word, known) == message


def test_what_was_expected_and_what_came() -> None:
    assert expected("a number", "'x'") == "expected a number, got 'x'"
    assert one_line("a\nb" + "c" * 200) == "a b" + "c" * 117
