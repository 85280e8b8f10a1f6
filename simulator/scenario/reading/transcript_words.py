"""The words that documented sessions have for their world, in those of a world file. Sans-IO.

    access_points    access_point; they give the addresses that STA_IP, GATEWAY and NETMASK of `vars` document
    services         a host for each time server, whose clock shows the time that the session documents
    stored           the modules have joined the first access point in an earlier life
    http, ...        things that are not built yet

Words that merely have another name are aliases in `scenario/tables`.
"""

import re
from collections.abc import Callable
from datetime import datetime
from ipaddress import IPv4Address, IPv4Network
from typing import Any, Final

from espat.core.suggestions import expected, unknown
from espat.scenario.reading.scenario import Scenario
from espat.scenario.schema.kinds import shown
from espat.scenario.text.document import Items, Table
from espat.scenario.text.variables import Variables
from espat.stack.sntp import time_zone

NOT_BUILT: Final = ("http", "advertisers", "bt_devices", "bonded", "ethernet")
"""Parts of a transcript's world that nothing here provides yet."""
TRANSLATED: Final = ("access_points", "services", "stored", *NOT_BUILT)
ARRANGED: Final = ("STA_IP", "GATEWAY", "NETMASK")
"""Variables whose documented values the DHCP server of the access points gives out."""
TIME_SERVER: Final = "203.0.113.{}"
"""Addresses of time servers: somewhere on the internet (RFC 5737), behind those of peers."""
FIRST_TIME_SERVER: Final = 201
TIME_SERVERS_LIMIT: Final = 50
_ZONE: Final = re.compile(r"AT\+CIPSNTPCFG=1,(-?[0-9]{1,4})(?:,.*)?")

Wrong = Callable[[str, str, int], None]
"""Is told a mistake: the key of the file, the problem, the line."""


def in_words_of_a_world_file(scenario: Scenario, found: Table, variables: Variables, wrong: Wrong) -> Table:
    """The world of a scenario without older words; what it fixes is bound in `variables`."""
    table = Table(found.line)
    for key, value in found.items():
        if key not in TRANSLATED:
            _put(table, key, value, found.lines[key])
    if "access_points" in found:
        line = found.lines["access_points"]
        if "access_point" in found:
            wrong("world", expected("one of 'access_point' and 'access_points'", "both"), line)
        _put(table, "access_point", _access_points(found["access_points"], scenario, variables, wrong), line)
    elif "access_point" not in found:
        _put(table, "access_point", Items(found.line), found.line)
    if "services" in found:
        line = found.lines["services"]
        hosts = found.get("host", Items(line))
        if isinstance(hosts, list):
            _put(table, "host", _joined(hosts, _time_servers(found["services"], scenario, line, wrong), line), line)
    if "stored" in found and _can_be_stored(found, table, wrong):
        first = table["access_point"][0]
        line = found.lines["stored"]
        modules = Items(line)
        for _ in scenario.modules:
            module = Table(line)
            _put(module, "joined", first.get("ssid") if isinstance(first, dict) else None, line)
            _append(modules, module, line)
        _put(table, "module", modules, line)
    return table


def _can_be_stored(found: Table, table: Table, wrong: Wrong) -> bool:
    """Whether modules can have joined something, as `stored` says."""
    line, stored = found.lines["stored"], found["stored"]
    problem = ""
    if stored is not True and not isinstance(stored, str):
        problem = f"stored: {expected('true or a sentence', shown(stored))}"
    elif "module" in found:
        problem = expected("'joined' in module", "stored and module")
    elif not table["access_point"] or not isinstance(table["access_point"], list):
        problem = expected("an access point with stored", "none")
    if problem:
        wrong("world", problem, line)
    return not problem


def _put(table: Table, key: str, value: Any, line: int) -> None:
    table[key] = value
    table.lines[key] = line


def _append(items: Items, value: Any, line: int) -> None:
    items.append(value)
    items.lines.append(line)


def _joined(first: list[Any], second: Items, line: int) -> Items:
    items = Items(line)
    for part in (first, second):
        for value, at in zip(part, part.lines if isinstance(part, Items) else [line] * len(part), strict=True):
            _append(items, value, at)
    return items


def _access_points(found: Any, scenario: Scenario, variables: Variables, wrong: Wrong) -> Any:
    if not isinstance(found, Items):
        return found
    points = Items(found.line)
    addresses = _addresses(scenario, variables, wrong)
    for point, line in zip(found, found.lines, strict=True):
        if isinstance(point, Table):
            changed = Table(point.line)
            for key, value in {**point, **addresses}.items():
                if key != "password" or value != "":
                    _put(changed, key, value, point.lines.get(key, point.line))
            point = changed
        _append(points, point, line)
    return points


def _addresses(scenario: Scenario, variables: Variables, wrong: Wrong) -> dict[str, str]:
    """The addresses that DHCP gives, from the variables that document them."""
    documented = {name: value for name in ARRANGED if (value := scenario.variables.get(name)) is not None}
    if "STA_IP" not in documented:
        return {}
    line = scenario.lines.get("vars", 1)
    try:
        first = IPv4Address(documented["STA_IP"])
        subnet = IPv4Network((str(first), documented.get("NETMASK", "255.255.255.0")), strict=False)
        gateway = IPv4Address(documented.get("GATEWAY", str(subnet[1])))
    except ValueError as error:
        wrong("vars", str(error), line)
        return {}
    if gateway != subnet[1]:
        wrong("vars", f"GATEWAY: {expected(f'{subnet[1]}, which access points give', str(gateway))}", line)
    variables.bind(documented)
    return {"subnet": str(subnet), "first_address": str(first)}


def _time_servers(services: Any, scenario: Scenario, line: int, wrong: Wrong) -> Items:
    """The hosts that `services` asks for. The time it documents is that of the zone that the scenario sets."""
    hosts = Items(line)
    names = services.get("sntp_servers", []) if isinstance(services, Table) else None
    if not isinstance(names, list) or len(names) > TIME_SERVERS_LIMIT:
        right = f"a table with sntp, and sntp_servers, a list of at most {TIME_SERVERS_LIMIT} names"
        wrong("world", f"services: {expected(right, shown(services))}", line)
        return hosts
    for key in services:
        if key not in ("sntp", "sntp_servers"):
            wrong("world", f"services: {unknown('key', key, ('sntp', 'sntp_servers'))}", line)
    try:
        then = datetime.strptime(str(services.get("sntp")), "%a %b %d %H:%M:%S %Y")
    except ValueError:
        right = "a time like 'Mon Oct 18 20:12:27 2021'"
        wrong("world", f"services: sntp: {expected(right, shown(services.get('sntp')))}", line)
        return hosts
    moment = f"{then:%Y-%m-%dT%H:%M:%S}{_zone(scenario)}"
    for number, name in enumerate(names):
        host = Table(line)
        address = TIME_SERVER.format(FIRST_TIME_SERVER + number)
        for key, value in {"address": address, "name": name, "serves": ["ntp"], "time": moment}.items():
            _put(host, key, value, line)
        _append(hosts, host, line)
    return hosts


def _zone(scenario: Scenario) -> str:
    """The zone that the scenario sets, as `+08:00`."""
    typed = (_ZONE.fullmatch(step.value) for step in scenario.every_step() if step.action == "send")
    number = next((int(match[1]) for match in typed if match is not None), 0)
    try:
        hours, minutes = divmod(abs(time_zone(number).minutes), 60)
    except ValueError:  # the module will say so
        return "+00:00"
    return f"{'-' if number < 0 else '+'}{hours:02}:{minutes:02}"
