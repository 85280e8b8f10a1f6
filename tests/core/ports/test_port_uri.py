"""Where ports are: their URIs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espat.core.ports.uri import PortUri, parse_link, parse_port_uri, split_tcp


@pytest.mark.parametrize(
    ("text", "scheme", "place"),
    [
        ("pty:./ttyESP{n}", "pty", "./ttyESP{n}"),
        ("pty:tcp:1", "pty", "tcp:1"),
        ("tcp:127.0.0.1:9000", "tcp", "127.0.0.1:9000"),
        ("tcp:[::1]:9000+{n}", "tcp", "[::1]:9000+{n}"),
        ("unix:/run/wire", "unix", "/run/wire"),
        ("exec:./firmware --fast", "exec", "./firmware --fast"),
    ],
)
def test_a_uri_has_a_scheme_and_a_place(text: str, scheme: str, place: str) -> None:
    uri = parse_port_uri(text)
    assert (uri.scheme, uri.place, str(uri)) == (scheme, place, text)
    assert parse_link(text) == uri


@pytest.mark.parametrize(
    "text",
    [
        *("", ":", "wire", "pty:", "unix:", "exec:", "serial:/dev/null", "pty:a\0b", "TCP:localhost:1"),
        *(
            "tcp:",
            "tcp:localhost",
            "tcp:localhost:",
            "tcp:localhost:65536",
            "tcp:localhost:65535+1",
            "tcp:localhost:-1",
        ),
        *("tcp::9000", "tcp:::1:9000", "tcp:[x]:1"),
    ],
)
def test_what_is_no_uri(text: str) -> None:
    with pytest.raises(ValueError, match=r"^expected .*, got "):
        parse_port_uri(text)


@pytest.mark.parametrize("path", ["wire", "./ttyESP{n}", "a:b", "serial:/dev/null"])
def test_a_link_without_a_scheme_is_a_path(path: str) -> None:
    assert parse_link(path) == PortUri("pty", path)


@pytest.mark.parametrize(
    ("text", "third", "numbered"),
    [
        ("pty:wire{n}", "pty:wire3", True),
        ("unix:{n}/{n}", "unix:3/3", True),
        ("tcp:127.0.0.1:9000+{n}", "tcp:127.0.0.1:9000+3", True),
        ("tcp:127.0.0.1:0", "tcp:127.0.0.1:0", True),
        ("tcp:127.0.0.1:900", "tcp:127.0.0.1:900", False),
        ("unix:wire", "unix:wire", False),
    ],
)
def test_each_module_has_its_own(text: str, third: str, numbered: bool) -> None:
    uri = parse_port_uri(text)
    assert str(uri.of_module(3)) == third
    assert uri.numbered is numbered


@pytest.mark.parametrize(
    ("place", "host", "port"),
    [
        ("127.0.0.1:9000", "127.0.0.1", 9000),
        ("localhost:0", "localhost", 0),
        ("[::1]:9000+12", "::1", 9012),
        ("a:65535", "a", 65535),
    ],
)
def test_host_and_port(place: str, host: str, port: int) -> None:
    assert split_tcp(place) == (host, port)


def parsed(text: str) -> PortUri | str:
    """The URI, or what is wrong with it."""
    try:
        return parse_port_uri(text)
    except ValueError as error:
        return str(error)


@given(st.text() | st.builds("{}:{}".format, st.sampled_from(["pty", "tcp", "unix", "exec"]), st.text()))
def test_any_text_is_a_uri_or_is_told_what_was_expected(text: str) -> None:
    found = parsed(text)
    if isinstance(found, PortUri):
        assert str(found) == text
    else:
        assert found.startswith("expected ")
