"""The message filter, sans-IO: what of a message is left."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from espat.core.at.basic_expression import ExpressionError
from espat.core.at.message_filter import FILTERS_LIMIT, SystemMessageFilter


def filtered(message: bytes, *filters: tuple[bytes, bytes]) -> bytes:
    """What the filters leave of a message."""
    message_filter = SystemMessageFilter()
    for head, tail in filters:
        message_filter.add(head, tail)
    return message_filter.apply(message)


def test_a_head_that_is_the_whole_message_suppresses_it() -> None:
    suppressed = (b"^WIFI CONNECTED\r\n", b"")
    assert filtered(b"WIFI CONNECTED\r\n", suppressed) == b""
    assert filtered(b"WIFI GOT IP\r\n", suppressed) == b"WIFI GOT IP\r\n"


def test_the_documented_download_filters() -> None:
    filters = (b"^+HTTPCGET:[0-9]*,", b"\r\n$"), (b"", b"\r\nOK\r\n$")
    assert filtered(b"+HTTPCGET:5,ab\r\nc\r\n", *filters) == b"ab\r\nc"
    assert filtered(b"\r\nOK\r\n", *filters) == b""
    assert filtered(b"\r\nERROR\r\n", *filters) == b"\r\nERROR\r\n"


@pytest.mark.parametrize("body", [b"\0\0\0", bytes(range(256)), b"\xff\xfe,\r\n\0", b"\xc3", b""])
def test_data_between_head_and_tail_is_left_as_it_is(body: bytes) -> None:
    message = b"+HTTPCGET:%d,%b\r\n" % (len(body), body)
    assert filtered(message, (b"^+HTTPCGET:[0-9]*,", b"\r\n$")) == body


def test_any_byte_is_one_character() -> None:
    assert filtered(b"<\xc3\xa4\xff\x80>", (b"^<.*>$", b"")) == b""
    assert filtered(b"\xff\xfe", (b"^[\x80-\xff]\xfe$", b"")) == b""


def test_head_and_tail_must_both_match() -> None:
    assert filtered(b"head, data", (b"^head", b"tail$")) == b"head, data"
    assert filtered(b"data, tail", (b"^head", b"tail$")) == b"data, tail"
    assert filtered(b"head, data, tail", (b"^head", b"tail$")) == b", data, "


def test_the_first_filter_that_applies_wins() -> None:
    assert filtered(b"abc", (b"^x", b""), (b"^a", b""), (b"", b"c$")) == b"bc"


def test_matches_that_overlap_are_cut_out_once() -> None:
    assert filtered(b"abcd", (b"^abc", b"bcd$")) == b""
    assert filtered(b"tail and head", (b"head", b"^tail")) == b" and "


def test_the_leftmost_longest_match_is_cut_out() -> None:
    assert filtered(b"xaabaaa", (b"aa*", b"")) == b"xbaaa"
    assert filtered(b"1,22,3", (b"^[0-9]*,[0-9]*", b"")) == b",3"


def test_anchors_mean_the_message_not_its_lines() -> None:
    assert filtered(b"one\r\ntwo\r\n", (b"^two", b"")) == b"one\r\ntwo\r\n"
    assert filtered(b"one\r\ntwo\r\n", (b"", b"one\r\n$")) == b"one\r\ntwo\r\n"
    assert filtered(b"one\n", (b"", b"one$")) == b"one\n"


@pytest.mark.parametrize(
    ("expression", "matches", "does_not"),
    [
        (rb"^a+b?$", b"a+b?", b"aab"),
        (rb"^a\+b\?$", b"a+b?", b"aab"),
        (rb"^a\|b$", b"a|b", b"a"),
        (rb"^\w\W\<$", b"wW<", b"a-"),
        (rb"^[a\+]*$", b"a+\\", b"b"),
        (rb"^[]\+]*$", b"]+\\", b"b"),
        (rb"^[^]\|]*$", b"abc", b"]"),
        (rb"^[[:digit:]\+]*$", b"1+\\", b"a"),
        (rb"^\(ab\)\{2\}$", b"abab", b"ab"),
        (rb"^\(.\)\1$", b"aa", b"ab"),
        (rb"^a{2}|(b)$", b"a{2}|(b)", b"aa"),
        (rb"^*a$", b"*a", b"a"),
        (rb"^a\.b$", b"a.b", b"axb"),
        (rb"^\\\+$", b"\\+", b"\\"),
    ],
)
def test_expressions_are_basic_ones_without_additions(expression: bytes, matches: bytes, does_not: bytes) -> None:
    assert filtered(matches, (expression, b"")) == b""
    assert filtered(does_not, (expression, b"")) == does_not


@pytest.mark.parametrize(
    "expression",
    [
        rb"\(",
        rb"\)",
        rb"[a",
        rb"[[:nothing:]]",
        rb"a\{2",
        rb"a\{2,1\}",
        rb"a\{,2\}",
        rb"a\{256\}",
        rb"\(\(a\{255\}\)\{255\}\)\{255\}",
        rb"\(\(\(\(a\{255\}\)\{255\}\)\{255\}\)\{255\}\)\{255,\}",
        rb"\1",
        rb"\(a\)\1\{255\}",
        rb"\(^\)\{255\}",
        b"a\\",
    ],
)
def test_what_is_no_expression_is_refused(expression: bytes) -> None:
    message_filter = SystemMessageFilter()
    for head, tail in (expression, b""), (b"", expression), (b"a", expression):
        with pytest.raises(ExpressionError):
            message_filter.add(head, tail)
    assert list(message_filter) == []


def test_large_but_honest_repetitions_are_taken() -> None:
    address = rb"^[0-9]\{1,3\}\.[0-9]\{1,3\}\.[0-9]\{1,3\}\.[0-9]\{1,3\}"
    assert filtered(b"192.168.3.102!", (address, b"")) == b"!"
    assert filtered(b"a" * 300, (rb"^.\{255\}", b"")) == b"a" * 45


@pytest.mark.parametrize(
    "expression", [b"[[:" * 21, b"[[:a:]" * 10, b"[" * 64, b"[[:a:][:a:][:a:][:a:][:a:][:a:][:a:]["]
)
def test_nested_brackets_take_no_time(expression: bytes) -> None:
    with pytest.raises(ExpressionError):
        SystemMessageFilter().add(expression, b"")


def test_filters_are_removed_by_their_exact_parts() -> None:
    message_filter = SystemMessageFilter()
    message_filter.add(b"a", b"b")
    message_filter.add(b"a", b"")
    message_filter.add(b"", b"b")
    with pytest.raises(KeyError):
        message_filter.remove(b"b", b"a")
    message_filter.remove(b"a", b"")
    assert list(message_filter) == [(b"a", b"b"), (b"", b"b")]
    message_filter.clear()
    assert list(message_filter) == []
    assert message_filter.apply(b"ab") == b"ab"


EXPRESSION_PIECES = [
    rb"\(",
    rb"\)",
    rb"\{1,3\}",
    rb"\{255\}",
    b"[^]",
    b"[[:alpha:]]",
    b"]",
    b"*",
    b".",
    b"^",
    b"$",
    b"a",
    b"\\",
    b"\0",
]


@given(
    st.lists(st.sampled_from(EXPRESSION_PIECES) | st.binary(max_size=4), max_size=12).map(b"".join),
    st.binary(max_size=64),
)
@example(b"[[:", b"a")
@example(b"\\{", b"a")
@example(b"\0", b"\0")
def test_any_bytes_are_an_expression_or_refused(expression: bytes, message: bytes) -> None:
    message_filter = SystemMessageFilter()
    try:
        message_filter.add(expression[:64], b"")
    except ExpressionError:
        return
    left = message_filter.apply(message)
    cut = len(message) - len(left)
    assert any(message[:at] + message[at + cut :] == left for at in range(len(left) + 1))


@pytest.mark.parametrize(
    "source",
    [rb"\(\(a*\)*\)*\1b", rb"^\(\(.*\)*\)*\2\1z", rb"\(a\)\1*", rb"\(\(\(\(.\{1,20\}\)*\)*\)*\)\4z", rb"a*\(b\)\1"],
)
def test_a_back_reference_beside_a_repetition_is_refused(source: bytes) -> None:
    """Matching it could take for ever."""
    with pytest.raises(ExpressionError):
        SystemMessageFilter().add(source, b"")


def test_there_are_as_many_filters_as_a_module_has_memory_for() -> None:
    message_filter = SystemMessageFilter()
    for _ in range(FILTERS_LIMIT):
        message_filter.add(b"a", b"b")
    with pytest.raises(ExpressionError):
        message_filter.add(b"a", b"b")
    assert len(list(message_filter)) == FILTERS_LIMIT
    message_filter.clear()
    message_filter.add(rb".\{255\}" * 8, rb".\{255\}" * 7)
    with pytest.raises(ExpressionError):
        message_filter.add(rb".\{255\}", b"")
    message_filter.add(b"a", b"")
