"""URLs of the HTTP client."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espat.stack.http_url import HttpUrl, parse_url, password_in, url_of

URLS = {
    b"http://httpbin.org/get": HttpUrl(False, "httpbin.org", 80, b"/get"),
    b"HTTPS://httpbin.org": HttpUrl(True, "httpbin.org", 443, b"/"),
    b"http://10.0.0.1:8080?a=b": HttpUrl(False, "10.0.0.1", 8080, b"/?a=b"),
    b"http://me:pass@host/a#b": HttpUrl(False, "host", 80, b"/a"),
    b"http://host/a:b@c?d=/e": HttpUrl(False, "host", 80, b"/a:b@c?d=/e"),
}
NO_URLS = (
    b"",
    b"httpbin.org/get",
    b"ftp://host/",
    b"http://",
    b"http:///get",
    b"http://host:0/",
    b"http://host:65536/",
    b"http://a b/",
    b"http://\xff/",
    b"http://a@b@c/",
)


@pytest.mark.parametrize(("text", "url"), URLS.items())
def test_a_url_says_where_a_request_goes(text: bytes, url: HttpUrl) -> None:
    assert parse_url(text) == url


@pytest.mark.parametrize("text", NO_URLS)
def test_what_is_no_url(text: bytes) -> None:
    assert parse_url(text) is None


def test_a_url_from_its_parts() -> None:
    assert url_of(b"host:81", b"get", uses_tls=True) == HttpUrl(True, "host", 81, b"/get")
    assert url_of(b"", b"/get", uses_tls=False) is None


def test_host_names_the_port_that_is_not_the_usual_one() -> None:
    headers = [HttpUrl(tls, "a", port, b"/").host_header for tls, port in ((False, 80), (True, 443), (True, 80))]
    assert headers == [b"a", b"a", b"a:80"]


def test_the_password_of_a_url() -> None:
    assert password_in(b"http://me:hidden@host/") == b"hidden"
    assert password_in(b"http://me@host/a:b@c") == b""


@given(st.binary(max_size=60) | st.binary(max_size=60).map(b"http://".__add__))
def test_whatever_is_parsed_can_be_asked_for(text: bytes) -> None:
    url = parse_url(text)
    if url is not None:
        assert url.host.isascii()
        assert url.host.isprintable()
        assert " " not in url.host
        assert 0 < url.port < 65536
        assert url.target.startswith(b"/")
        assert b"#" not in url.target
