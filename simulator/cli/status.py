"""`espat status`: what a run is at the moment."""

import json
from argparse import Namespace
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from espat.cli.control_options import add_control_option, with_run

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction


def add_parser(subparsers: "_SubParsersAction[ArgumentParser]") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser("status", help="show what a run that has a control channel is at the moment")
    add_control_option(parser)
    parser.add_argument("--json", action="store_true", help="all of it, for programs")
    parser.set_defaults(main=main)


def main(options: Namespace) -> int:
    """Print modules, links and access points. Returns 0, or 2 when there is no such run."""

    def show(found: dict[str, Any]) -> None:
        print(json.dumps(found, indent=2) if options.json else "\n".join(_lines(found)))

    return with_run(options, lambda connection: show(connection.call("status", {})))


def _lines(found: dict[str, Any]) -> Iterator[str]:
    speed = "" if found["speed"] in (None, 1.0) else f", {found['speed']:g} times as fast as real time"
    yield f"espat {found['version']}, {found['time']:.1f} s of module time{speed}"
    for module in found["modules"]:
        yield f"module {module['name']}: {module['dialect']}, {_port(module)}, {_state(module)}"
        for link in module.get("links", ()):
            side = "from" if link["accepted"] else "to"
            unread = f", {link['unread']} bytes unread" if link["unread"] else ""
            yield f"  link {link['number']}: {link['kind']} {side} {link['remote']}{unread}"
    for point in found["access_points"]:
        joined = f", {len(point['stations'])} joined" if point["stations"] else ""
        state = "on" if point["up"] else "off"
        yield f"access point {point['ssid']!r}: {state}, channel {point['channel']}, {point['rssi']} dBm{joined}"


def _port(module: dict[str, Any]) -> str:
    return f"{module['port']} ({'open' if module['client'] else 'nobody there'})"


def _state(module: dict[str, Any]) -> str:
    if not module["powered"]:
        return "no power"
    if not module["booted"]:
        return "booting"
    station = module.get("station") or {}
    point = station.get("access_point")
    words = [f"joined to {point['ssid']!r}"] if point else []
    words += [f"{kind} {address}" for kind, address in module.get("addresses", {}).items()]
    return ", ".join(words) or "not joined"
