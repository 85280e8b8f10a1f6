"""YAML from anybody: what it becomes, and what is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espat.scenario.text.document import (
    SIZE_LIMIT,
    VALUES_LIMIT,
    DocumentError,
    Items,
    Table,
    parse_document,
    read_bytes,
)

BOMB = b"a: &a [1,1,1,1,1,1,1,1,1,1]\n" + b"".join(
    b"%c: &%c [%s]\n" % (name, name, b",".join([b"*%c" % (name - 1)] * 10)) for name in b"bcdefgh"
)

VALUES = {
    b"": None,
    b"a: 1\nb: [x, 'y', \"z\"]": {"a": 1, "b": ["x", "y", "z"]},
    b"- on\n- yes\n- 12:30:00\n- 2024-01-01\n- 0x10\n- 1.5\n- true\n- null\n- ~\n- 007\n- 1_000": (
        ["on", "yes", "12:30:00", "2024-01-01", 16, 1.5, True, None, None, 7, "1_000"]
    ),
    b"{true: 1, null: 2, 80: 3}": {"true": 1, "null": 2, "80": 3},
    b"a: |\n  one\n  two\n": {"a": "one\ntwo\n"},
    b"a: &x {b: 1}\nc: [*x, *x]": {"a": {"b": 1}, "c": [{"b": 1}, {"b": 1}]},
    b"99999999999999999999999": "99999999999999999999999",
}


@pytest.mark.parametrize(("content", "value"), VALUES.items())
def test_values(content: bytes, value: object) -> None:
    assert parse_document(content) == value


MISTAKES = {
    b"a: &x [*x]": (1, "expected the anchor of something before it, got *x, which contains itself"),
    b"\na: *y": (2, "expected the anchor of something before it, got *y, which is nowhere"),
    b"!!python/object/apply:os.system ['x']": (
        1,
        "expected no tag, got the tag tag:yaml.org,2002:python/object/apply:os.system",
    ),
    b"a: !!binary x": (1, "expected no tag, got the tag tag:yaml.org,2002:binary"),
    b"a: 1\na: 2": (2, "expected each key once, got the key 'a' again"),
    b"? [1]\n: 2": (1, "expected a text, got a table or list as a key"),
    b"&x [1]: 2": (1, "expected a text, got a table or list as a key"),
    b"a: \xff": (1, "expected UTF-8 text, got byte 0xff"),
    b"--- 1\n--- 2": (2, "expected one document in a file, got a second document"),
    b"[" * 1000: (1, "expected at most 40 tables and lists inside each other, got more"),
    BOMB: (6, f"expected at most {VALUES_LIMIT} values, got more"),
}


@pytest.mark.parametrize(("content", "mistake"), MISTAKES.items())
def test_what_is_refused_is_told_with_its_line(content: bytes, mistake: tuple[int, str]) -> None:
    with pytest.raises(DocumentError) as raised:
        parse_document(content)
    assert (raised.value.line, str(raised.value)) == mistake


def test_what_is_no_yaml_is_told_with_its_line() -> None:
    with pytest.raises(DocumentError, match=r"expected YAML, got something else \(.*\)") as raised:
        parse_document(b"a: 1\nb: c: d")
    assert raised.value.line == 2


def test_half_of_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(DocumentError):
        parse_document(b'a: "\\uD800"')


def test_tables_and_lists_know_their_lines() -> None:
    table = parse_document(b"\na: 1\nb:\n  - x\n  - {c: 1,\n     d: 2}\n")
    assert isinstance(table, Table)
    assert (table.line, table.lines) == (2, {"a": 2, "b": 3})
    items = table["b"]
    assert isinstance(items, Items)
    assert items.lines == [4, 5]
    assert items[1].lines == {"c": 5, "d": 6}


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    path.write_bytes(b"x" * (SIZE_LIMIT + 1))
    with pytest.raises(DocumentError, match="more than 1048576 bytes"):
        read_bytes(path)


@given(st.binary(max_size=200) | st.text("[]{}&*!|>-?:,#'\"\n \tab01%@`", max_size=80).map(str.encode))
def test_any_bytes_are_a_document_or_refused(content: bytes) -> None:
    try:
        parse_document(content)
    except DocumentError as refused:
        mistake = refused
    else:
        return
    assert mistake.line >= 1
    assert str(mistake).startswith("expected ")
