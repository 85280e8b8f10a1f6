"""World files of any content: a world or a list of mistakes, and nothing else."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from espat.core.time.timing import figures
from espat.radio.security import SECURITIES
from espat.scenario.reading.world_file import load_world
from espat.scenario.reading.world_reader import WorldError, read_world
from espat.scenario.world.world import (
    AccessPointConfiguration,
    HostConfiguration,
    ModuleConfiguration,
    StationConfiguration,
    World,
)

pytestmark = pytest.mark.slow

KEYS = (
    *AccessPointConfiguration.__annotations__,
    *StationConfiguration._fields,
    *ModuleConfiguration._fields,
    *figures(),
    "pmf",
    "address",
    "ports",
    *HostConfiguration._fields,
    "a.b",
    "1.2.3.4:80",
    "80",
)
VALUES = (
    *SECURITIES,
    "off",
    "10.1.2.3",
    "10.1.2.3:80",
    "tcp-echo 7",
    "tcp-source count=1 count=2",
    "a.example",
    "10.0.0.0/30",
    "ca:6f:00:00:00:01",
    "1.5s",
    "12345678",
)
PIECES = (
    b"[",
    b"]",
    b"[[",
    b"=",
    b"\n",
    b'"',
    b"'''",
    b"{",
    b"}",
    b".",
    b",",
    b"seed",
    b"0x",
    b"9",
    b"inf",
    b"\r",
    b"#",
)

scalars = (
    st.just(datetime(2024, 1, 1))
    | st.booleans()
    | st.integers()
    | st.integers(-101, 70000)
    | st.floats()
    | st.text(max_size=70)
    | st.sampled_from(VALUES)
)
keys = st.text(max_size=10) | st.sampled_from(KEYS)
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner), max_leaves=5)
tables = st.dictionaries(keys, values, max_size=8)
documents = st.fixed_dictionaries(
    {},
    optional={
        "seed": values,
        "access_point": values | st.lists(tables | tables.map(lambda table: table | {"ssid": "a"}), max_size=3),
        "station": values | st.lists(tables, max_size=3),
        "module": values | st.lists(tables, max_size=3),
        "host": values | st.lists(tables | tables.map(lambda table: table | {"address": "10.9.9.9"}), max_size=3),
        "hosts": values | tables,
        "listen": values | tables,
        "timing": values | tables,
        "x": values,
    },
)
contents = st.binary(max_size=200) | st.lists(st.sampled_from(PIECES) | st.binary(max_size=2), max_size=40).map(
    b"".join
)


@given(documents)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_document(document: dict[str, Any]) -> None:
    try:
        world = read_world(document, "w")
    except WorldError as error:
        lines, count = str(error).splitlines(), len(error.mistakes)
    else:
        assert isinstance(world, World)
        return
    assert len(lines) == count > 0
    for line in lines:
        assert line.startswith("w: ")
        assert re.search(r"(expected .+, got .|unknown \w|missing key .)", line), line


@given(contents)
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_bytes(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = Path(tmp_path_factory.getbasetemp(), "any.toml")
    path.write_bytes(content)
    try:
        world = load_world(path)
    except WorldError as error:
        lines = str(error).splitlines()
    else:
        assert isinstance(world, World)
        return
    assert lines
    for line in lines:
        place = re.match(r":([0-9]+): |: ", line.removeprefix(str(path)))
        assert place is not None
        assert place[1] is None or 1 <= int(place[1]) <= content.count(b"\n") + 1
        assert re.search(r"(expected .+, got .|unknown \w|missing key .)", line), line
