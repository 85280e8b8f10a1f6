"""URLs of the HTTP client: where a request goes (RFC 3986, as far as esp_http_client takes it)."""

import re
from typing import Final, NamedTuple

HIGHEST_PORT: Final = 65535
PLAIN_PORT: Final = 80
TLS_PORT: Final = 443
_URL: Final = re.compile(
    rb"(?P<scheme>https?)://(?:(?P<user>[^@:/?#]*)(?::(?P<password>[^@/?#]*))?@)?"
    rb"(?P<host>[!-~]+?)(?::(?P<port>[0-9]{1,5}))?(?P<target>[/?][^#]*)?(?:#.*)?",
    re.IGNORECASE | re.DOTALL,
)
_HOST: Final = re.compile(rb"[^\x00-\x20:/?#@\[\]\x7f-\xff]{1,255}")


class HttpUrl(NamedTuple):
    """Where a request goes. `target`: path and query, as they stand in the request."""

    uses_tls: bool
    host: str
    port: int
    target: bytes

    @property
    def host_header(self) -> bytes:
        """The value of Host: with the port where it is not the usual one."""
        usual = self.port == (TLS_PORT if self.uses_tls else PLAIN_PORT)
        return self.host.encode() if usual else b"%b:%d" % (self.host.encode(), self.port)


def parse_url(text: bytes) -> HttpUrl | None:
    """A URL with its scheme, `http` or `https`; None where it is none. User and fragment are left out."""
    found = _URL.fullmatch(text)
    if found is None or not _HOST.fullmatch(found["host"]):
        return None
    uses_tls = found["scheme"].lower() == b"https"
    port = int(found["port"] or (TLS_PORT if uses_tls else PLAIN_PORT))
    if not 0 < port <= HIGHEST_PORT:
        return None
    target = found["target"] or b"/"
    return HttpUrl(uses_tls, found["host"].decode(), port, target if target.startswith(b"/") else b"/" + target)


def url_of(host: bytes, path: bytes, *, uses_tls: bool) -> HttpUrl | None:
    """The same from its parts; None where there is no such host."""
    slash = b"" if path.startswith(b"/") else b"/"
    return parse_url(b"%b://%b%b%b" % (b"https" if uses_tls else b"http", host, slash, path))


def password_in(text: bytes) -> bytes:
    """The password that a URL has in it, none if it has none."""
    found = _URL.fullmatch(text)
    return (found["password"] or b"") if found is not None else b""
