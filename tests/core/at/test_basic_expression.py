"""Basic regular expressions: what the C library of a PC takes them for, but none takes time or memory."""

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from espat.core.at.basic_expression import Expression, ExpressionError
from tests.core.at import c_expressions

FREEZER = rb"\(\(\(\([]a]\)\{0,9\}\)\)\{1,\}\)\{255\}"
"""Keeps the C library's compiler busy for 45 seconds."""

_REPEATS = [b"*", rb"\{0\}", rb"\{2\}", rb"\{1,3\}", rb"\{2,\}", rb"\{0,1\}"]
_ATOMS = [
    *(b"a", b"b", b".", b"^", b"$", b"]", b"{", b"}", b"+", b"\n", b"\xff", b"-", b"(", b"|"),
    *(rb"\.", rb"\*", rb"\\", rb"\+", rb"\|", rb"\w", rb"\}", rb"\^", rb"\$", rb"\[", rb"\]"),
    *(b"[ab]", b"[^a]", b"[]a]", b"[^]a]", b"[a-]", b"[-a]", b"[^-a]", b"[--a]", b"[+--]", b"[a-c]", b"[a\\]"),
    *(b"[[:alpha:]]", b"[^[:space:]]", b"[[:digit:]a]", b"[[:punct:]-]", b"[[.a.]]", b"[[=b=]a]", b"[[.a.]-c]"),
    *(b"[a-c-e]", b"[c-a]", b"[[:alpha:]-z]", b"[a-[:alpha:]]", b"[[:no:]]", b"[[.ab.]]", b"[]", b"[^", b"[[:", b"[a"),
    *(rb"\1", rb"\2", rb"\{", rb"\(", rb"\)", b"\\", b"\0"),
]


def _of(parts: st.SearchStrategy[bytes]) -> st.SearchStrategy[bytes]:
    group = parts.map(lambda inside: b"\\(" + inside + b"\\)")
    repeated = st.tuples(parts | group, st.sampled_from(_REPEATS)).map(b"".join)
    return group | repeated | st.lists(parts | group | repeated, max_size=5).map(b"".join)


EXPRESSIONS = st.recursive(st.sampled_from(_ATOMS), _of, max_leaves=12)
MESSAGES = st.text("ab]-+{(|\n\\^$.cz1 ", max_size=12).map(str.encode) | st.binary(max_size=12)


@settings(deadline=None, max_examples=300)
@given(EXPRESSIONS, st.lists(MESSAGES, min_size=1, max_size=4))
@example(rb"\(^*a\)", [b"*a"])
@example(rb"^*\{2\}", [b"**"])
@example(rb"\(a*\)*b$", [b"aab", b"aabb"])
@example(rb"a$*", [b"a$$"])
@example(rb"\($\)", [b"a\n"])
@example(rb"\(a\)b\1$", [b"aba\n", b"aba"])
@example(rb"[^a]", [b"\0"])
@example(rb".", [b"\0"])
@example(rb"[[:cntrl:][:graph:]]", [b"\x7f", b"\x80", b" "])
def test_they_mean_what_the_c_library_says(source: bytes, messages: list[bytes]) -> None:
    source = source[:64]
    try:
        wanted = c_expressions.Expression(source.partition(b"\0")[0])
    except c_expressions.ExpressionError:
        with pytest.raises(ExpressionError):
            Expression(source)
        return
    try:
        expression = Expression(source)
    except ExpressionError:
        assume(source.count(b"{") > 2)  # beyond the means of the module
        raise
    for message in messages:
        assert expression.search(message) == wanted.search(message), (source, message)


def test_an_expression_that_unfolds_to_much_is_refused_before_it_is_compiled() -> None:
    for source in (FREEZER, rb"\(a\{60\}\)\{60\}\{9\}", rb"\(.\{40\}\)\{101\}"):
        with pytest.raises(ExpressionError):
            Expression(source)


@pytest.mark.parametrize(
    "source", [rb"\(a*\)*b", rb"\(\(a*\)*\(a*\)*\)*b", rb"\(.*.*.*.*.*.*.*\)*x", b"a*" * 31 + b"b"]
)
def test_matching_takes_steps_in_proportion_to_the_message(source: bytes) -> None:
    """Each would take a backtracking engine longer than this world has been there."""
    assert Expression(source[:64]).search(b"a" * 20_000) is None
