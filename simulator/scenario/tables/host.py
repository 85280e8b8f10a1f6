"""Hosts in memory, and what they serve."""

from collections.abc import Mapping
from typing import Any, Final

from espat.core.suggestions import expected
from espat.scenario.schema.kinds import Kind, WrongValueError, of_type
from espat.scenario.schema.tables import Field, Reading, Table, Tables, missing
from espat.scenario.services.service import ServiceConfiguration
from espat.scenario.services.table import read_service
from espat.scenario.text.values import HOST_NAME, TIME, host_address
from espat.scenario.world.world import HostConfiguration

HOSTS_LIMIT: Final = 1024
SERVICES_LIMIT: Final = 64
"""Of one host."""
SERVES: Final = Kind(
    "a list like ['tcp-echo 7']",
    of_type(list, "a list like ['tcp-echo 7']", "array").read,
    {"type": "array", "items": {"type": "string"}, "maxItems": SERVICES_LIMIT},
)


def make_host(
    reading: Reading, place: str, written: Mapping[str, Any], fields: dict[str, Any]
) -> HostConfiguration | None:
    """A host; address and name are its own, and so are the ports of its services."""
    fields["serves"] = _services(reading, f"{place}.serves", fields.get("serves", []))
    if "time" not in written and any(service.kind.needs_time for service in fields["serves"]):
        reading.wrong(place, missing("time", TIME), "time")
    for key, right in (("address", "an address of its own"), ("name", "a name of its own")):
        if key in fields:
            reading.claim(key, fields[key], place, key, right)
    return HostConfiguration(**fields)


def _services(reading: Reading, place: str, entries: list[object]) -> tuple[ServiceConfiguration, ...]:
    if len(entries) > SERVICES_LIMIT:
        reading.wrong(place, expected(f"at most {SERVICES_LIMIT} of them", str(len(entries))))
        return ()
    services = []
    taken: set[tuple[str, int]] = set()
    for number, entry in enumerate(entries, 1):
        try:
            service = read_service(entry, reading.context.folder)
        except WrongValueError as error:
            reading.wrong(f"{place}#{number}", error.problem(entry))
            continue
        port = service.kind.transport, service.port
        if port in taken:
            reading.wrong(
                f"{place}#{number}", expected("a port of its own", f"{port[0]} {port[1]}, which another service has")
            )
        taken.add(port)
        services.append(service)
    return tuple(services)


HOST: Final = Table(
    "Somebody in memory, on the module's clock: on the networks whose subnet has its address, else on the internet.",
    {
        "address": Field(host_address("192.168.3.50"), "its address", required=True),
        "name": Field(HOST_NAME, "what DNS knows it by"),
        "serves": Field(SERVES, "its [services](#hosts-in-memory)", "[]"),
        "time": Field(TIME, "what its clock shows when the simulation begins; `ntp` needs it"),
    },
    make_host,
    checks=True,
)

TABLES: Final = {"host": Field(Tables(HOST, HOSTS_LIMIT), "", attribute="memory_hosts")}
