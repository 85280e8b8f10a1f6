"""How long the module takes for what it does: the figures of `timing.toml`, overridden by the world file."""

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

PROFILES = ("fast", "real")


class Timing(NamedTuple):
    """Seconds of module time; `timing.toml` says what each figure is."""

    boot: float
    restore: float
    command: float
    version: float
    prompt: float
    payload: float
    send: float
    close: float
    join: float
    lease: float
    scan_channel: float
    unreachable: float
    unresolved: float
    time_request: float
    latency: float


def load_timing(profile: str = "fast", overrides: Mapping[str, float] | None = None) -> Timing:
    """The figures of a profile, `fast` or `real`, in seconds, with some of them replaced."""
    import tomllib  # heavy beside what `espat run` needs before its ports can be opened

    figures = tomllib.loads(Path(__file__).with_name("timing.toml").read_text(encoding="utf-8"))[profile]
    return Timing(**{**figures, **(overrides or {})})
