"""JSON-RPC on lines, without a socket."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espat.control.messages import (
    LINE_LIMIT,
    NO_JSON,
    NO_REQUEST,
    Lines,
    Request,
    RpcError,
    answer,
    failure,
    notification,
    read_request,
    request,
)

REQUEST = b'{"jsonrpc":"2.0","id":7,"method":"access_point.off","params":{"ssid":"lab"}}'


def test_a_request() -> None:
    assert read_request(REQUEST) == Request("access_point.off", {"ssid": "lab"}, 7, True)
    assert read_request(b'{"jsonrpc":"2.0","method":"status"}') == Request("status", {}, None, False)
    assert read_request(request("status", {}, "x")) == Request("status", {}, "x", True)


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        (b"AT", NO_JSON, "expected a line of JSON, got something else (Expecting value: line 1 column 1 (char 0))"),
        (b"[" * 60_000, NO_JSON, "expected a line of JSON, got something else (nested too deep)"),
        (b"[]", NO_REQUEST, "expected one request on a line, as an object, got a list"),
        (b'{"method":"status"}', NO_REQUEST, "jsonrpc: expected '2.0', got nothing"),
        (b'{"jsonrpc":"2.0"}', NO_REQUEST, "method: expected the name of a verb or method, got nothing"),
        (
            b'{"jsonrpc":"2.0","method":"status","parms":{}}',
            NO_REQUEST,
            "unknown key 'parms' (did you mean 'params'?)",
        ),
        (
            b'{"jsonrpc":"2.0","method":"status","params":[1]}',
            NO_REQUEST,
            "params: expected an object, with names, got a list",
        ),
        (
            b'{"jsonrpc":"2.0","method":"status","id":{}}',
            NO_REQUEST,
            "id: expected a text or a number, got an object",
        ),
    ],
)
def test_what_is_no_request(line: bytes, code: int, message: str) -> None:
    with pytest.raises(RpcError) as error:
        read_request(line)
    assert (error.value.code, str(error.value)) == (code, message)


def test_a_mistake_is_answered_under_its_id() -> None:
    with pytest.raises(RpcError) as error:
        read_request(b'{"jsonrpc":"2.0","id":3,"method":4}')
    told = json.loads(failure(error.value))
    assert (told["id"], told["error"]["code"]) == (3, NO_REQUEST)


@given(st.binary())
def test_any_line_is_a_request_or_an_error(line: bytes) -> None:
    try:
        read_request(line)
    except RpcError as error:
        json.loads(failure(error))


@given(st.lists(st.dictionaries(st.text(), st.integers() | st.text()), max_size=4), st.integers(1, 9))
def test_lines_are_put_together_however_they_are_cut(messages: list[dict[str, Any]], size: int) -> None:
    lines = [answer(1, message) for message in messages]
    whole = b"".join(lines)
    reader = Lines()
    found = [line for at in range(0, len(whole), size) for line in reader.feed(whole[at : at + size])]
    assert found == [line.rstrip(b"\n") for line in lines]


@pytest.mark.parametrize("end", [b"", b"\n"])
def test_a_line_without_an_end_is_not_kept(end: bytes) -> None:
    reader = Lines()
    for _ in range(LINE_LIMIT // 1024):
        assert reader.feed(b"x" * 1024) == []
    with pytest.raises(RpcError, match=f"at most {LINE_LIMIT} bytes"):
        reader.feed(b"x" + end)


def test_a_notification_has_no_id() -> None:
    assert json.loads(notification("trace", {"t": 1})) == {"jsonrpc": "2.0", "method": "trace", "params": {"t": 1}}
