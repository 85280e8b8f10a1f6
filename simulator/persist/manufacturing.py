"""Manufacturing data, `mfg_nvs`: what the module left the factory with (ESP-AT User Guide, "How to Update PKI Config").

A namespace for each kind of data, and keys in it: the name of the namespace where it holds one thing, the name and a
number where it holds several.
"""

from pathlib import Path
from typing import Final, Protocol

SHIPPED: Final = Path(__file__).with_name("shipped_pki")
"""Our own test PKI: a PEM file for each key, as `espat pki` makes them."""


class ManufacturingData(Protocol):
    """Read access to the manufacturing data."""

    def read(self, namespace: str, key: str) -> int | str | bytes | None:
        """A value, or None where there is none."""


def shipped_value(namespace: str, key: str) -> bytes | None:
    """A certificate or a key in PEM, or None."""
    if key.partition(".")[0] != namespace or "/" in key:
        return None
    try:
        return (SHIPPED / f"{key}.pem").read_bytes()
    except (OSError, ValueError):  # no such file, or no name of a file
        return None


def shipped_values(namespace: str) -> dict[str, bytes]:
    """All of a namespace, by key."""
    return {path.stem: path.read_bytes() for path in sorted(SHIPPED.glob(f"{namespace}.*pem"))}


def all_shipped() -> dict[str, bytes]:
    """Every certificate and key, by its key."""
    return {path.stem: path.read_bytes() for path in sorted(SHIPPED.glob("*.pem"))}
