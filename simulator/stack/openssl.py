"""What Python's ssl does not offer of OpenSSL: the time that certificates are judged by, a name in them that is not
SNI's, everything that is wrong with them, and PSK before Python 3.13.

All through ctypes, on the OpenSSL that Python itself has loaded.
"""

import _ssl
import ctypes
import ipaddress
import ssl
import threading
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Final

NO_PARTIAL_WILDCARDS: Final = 0x4
"""`*` stands for a whole label or for nothing (X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)."""
CHECK_TIME, IGNORE_TIME = 0x2, 0x200000
"""Validity by a given time, or not at all (X509_V_FLAG_USE_CHECK_TIME, X509_V_FLAG_NO_CHECK_TIME)."""

_CLIENT_CALLBACK: Final = ctypes.CFUNCTYPE(
    ctypes.c_uint,
    ctypes.c_void_p,
    ctypes.c_void_p,
    ctypes.POINTER(ctypes.c_char),
    ctypes.c_uint,
    ctypes.POINTER(ctypes.c_char),
    ctypes.c_uint,
)
"""Connection, hint, identity and its room, key and its room; returns the length of the key."""
_VERIFY_CALLBACK: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
"""What is to be verified, and an argument; returns 1 when it is good."""
_FLAW_CALLBACK: Final = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_void_p)
"""Whether this is good, and what is verified; returns 1 when verification is to go on."""


def expect_certificate(context: ssl.SSLContext, *, at: int | None, name: bytes) -> None:
    """How certificates are judged in connections made from now on, if they are verified.

    `at`: the time, in seconds since 1970; None for any. `name`: whose certificate the peer's has to be, a host name or
    an address; empty when that does not matter. Raises ValueError for what cannot be a name.
    """
    if b"\0" in name:  # at the end of a name OpenSSL overlooks it, and a name of nothing else is none
        raise ValueError(f"{name!r} cannot be a name")
    library = libssl()
    parameters = library.SSL_CTX_get0_param(context_pointer(context))
    library.X509_VERIFY_PARAM_clear_flags(parameters, CHECK_TIME if at is None else IGNORE_TIME)
    if at is None:
        library.X509_VERIFY_PARAM_set_flags(parameters, IGNORE_TIME)
    else:
        library.X509_VERIFY_PARAM_set_time(parameters, at)
    library.X509_VERIFY_PARAM_set_hostflags(parameters, NO_PARTIAL_WILDCARDS)
    address = _address(name)
    host = b"" if address else name
    if not library.X509_VERIFY_PARAM_set1_host(parameters, host or None, len(host)):
        raise ValueError(f"{name!r} cannot be a name")
    library.X509_VERIFY_PARAM_set1_ip(parameters, address or None, len(address))


class _Verification(threading.local):
    """The latest one of a thread. `flaws`: what was wrong, each once."""

    flaws: tuple[int, ...] = ()


_verification: Final = _Verification()


def find_all_flaws(context: ssl.SSLContext, most_telling_first: Sequence[int]) -> object:
    """Have verification look for everything that is wrong, instead of ending with the first flaw it finds. It fails all
    the same, and `flaws_found` tells; the peer is told the first one of `most_telling_first`.

    Returns what has to live as long as the context.
    """
    library = libssl()

    def verify(verified: int, argument: Any) -> int:
        flaws: list[int] = []

        def note(good: int, verified: int) -> int:
            if not good:
                flaws.append(library.X509_STORE_CTX_get_error(verified))
            return 1

        callback = _FLAW_CALLBACK(note)
        library.X509_STORE_CTX_set_verify_cb(verified, callback)
        result: int = library.X509_verify_cert(verified)
        _verification.flaws = tuple(dict.fromkeys(flaws))
        if not flaws:
            return result
        told = next((flaw for flaw in most_telling_first if flaw in flaws), flaws[0])
        library.X509_STORE_CTX_set_error(verified, told)
        return 0

    kept = _VERIFY_CALLBACK(verify)
    library.SSL_CTX_set_cert_verify_callback(context_pointer(context), kept, None)
    return kept


def flaws_found() -> tuple[int, ...]:
    """What the latest verification in this thread has found, as X509_V_ERR_...; to be asked for when it has failed."""
    return _verification.flaws


def use_client_key(context: ssl.SSLContext, identity: bytes, key: bytes) -> object:
    """Use a pre-shared key as a client. Returns what has to live as long as the context."""
    official: Callable[..., None] | None = getattr(context, "set_psk_client_callback", None)
    if official is not None:  # Python 3.13
        official(lambda hint: (identity.decode("utf-8", "replace"), key))
        return None

    def tell(connection: Any, hint: Any, their_identity: Any, identity_room: int, their_key: Any, room: int) -> int:
        if len(identity) >= identity_room or len(key) > room:
            return 0
        ctypes.memmove(their_identity, identity + b"\0", len(identity) + 1)
        ctypes.memmove(their_key, key, len(key))
        return len(key)

    callback = _CLIENT_CALLBACK(tell)
    libssl().SSL_CTX_set_psk_client_callback(context_pointer(context), callback)
    return callback


def _address(name: bytes) -> bytes:
    try:
        return ipaddress.ip_address(name.decode("ascii")).packed
    except ValueError:
        return b""


def context_pointer(context: ssl.SSLContext) -> int:
    """The SSL_CTX of a context: the first field behind the head of the object."""
    pointer = ctypes.c_void_p.from_address(id(context) + object.__basicsize__).value
    assert pointer is not None
    return pointer


@cache
def libssl() -> ctypes.CDLL:
    """OpenSSL, as the extension module of Python has loaded it, or as it is part of Python."""
    library = ctypes.CDLL(getattr(_ssl, "__file__", None))
    library.SSL_CTX_get0_param.argtypes = [ctypes.c_void_p]
    library.SSL_CTX_get0_param.restype = ctypes.c_void_p
    library.X509_VERIFY_PARAM_set_time.argtypes = [ctypes.c_void_p, ctypes.c_long]
    library.X509_VERIFY_PARAM_set_time.restype = None
    for function in (library.X509_VERIFY_PARAM_set_flags, library.X509_VERIFY_PARAM_clear_flags):
        function.argtypes = [ctypes.c_void_p, ctypes.c_ulong]
    library.X509_VERIFY_PARAM_set_hostflags.argtypes = [ctypes.c_void_p, ctypes.c_uint]
    library.X509_VERIFY_PARAM_set_hostflags.restype = None
    for function in (library.X509_VERIFY_PARAM_set1_host, library.X509_VERIFY_PARAM_set1_ip):
        function.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
    library.SSL_CTX_set_cert_verify_callback.argtypes = [ctypes.c_void_p, _VERIFY_CALLBACK, ctypes.c_void_p]
    library.SSL_CTX_set_cert_verify_callback.restype = None
    library.X509_STORE_CTX_set_verify_cb.argtypes = [ctypes.c_void_p, _FLAW_CALLBACK]
    library.X509_STORE_CTX_set_verify_cb.restype = None
    library.X509_STORE_CTX_get_error.argtypes = [ctypes.c_void_p]
    library.X509_STORE_CTX_set_error.argtypes = [ctypes.c_void_p, ctypes.c_int]
    library.X509_STORE_CTX_set_error.restype = None
    library.X509_verify_cert.argtypes = [ctypes.c_void_p]
    library.SSL_CTX_set_psk_client_callback.argtypes = [ctypes.c_void_p, _CLIENT_CALLBACK]
    library.SSL_CTX_set_psk_client_callback.restype = None
    return library
