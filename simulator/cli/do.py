"""`espat do`: have a verb done at a run."""

import json
from argparse import Namespace
from typing import TYPE_CHECKING, Any

from espat.cli.control_options import add_control_option, with_run
from espat.control.client import ControlConnection, ControlError
from espat.core.suggestions import expected, unknown

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction


def add_parser(subparsers: "_SubParsersAction[ArgumentParser]") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser("do", help="have something done at a run that has a control channel")
    add_control_option(parser)
    parser.add_argument("--module", metavar="NAME", help="the module that it is about (the first)")
    parser.add_argument("verb", metavar="VERB", help="a verb like access_point.off; 'verbs' lists them")
    parser.add_argument("arguments", metavar="KEY=VALUE", nargs="*", help="its arguments, like ssid=lab")
    parser.set_defaults(main=main)


def main(options: Namespace) -> int:
    """Print the result, if there is one. Returns 0, 1 when the run refuses or it fails, 2 when there is no run."""
    return with_run(options, lambda connection: _do(connection, options))


def _do(connection: ControlConnection, options: Namespace) -> None:
    """Raises ControlError, OSError."""
    verbs = connection.call("verbs", {})
    name: str = options.verb
    if name not in verbs:
        raise ControlError(unknown("verb", name, verbs))
    verb = verbs[name]
    if name == "verbs":
        for each, known in verbs.items():
            print(f"{each:28} {known['meaning']}")
        return
    parameters = dict(_argument(name, verb, text) for text in options.arguments)
    if options.module is not None:
        parameters["module"] = options.module
    result = connection.call(name, parameters)
    if result is not None:
        print(json.dumps(result, indent=2))


def _argument(name: str, verb: dict[str, Any], text: str) -> tuple[str, Any]:
    """A name and a value: a text where the verb takes one, else a number, true, false, or a list. Raises
    ControlError."""
    key, equals, value = text.partition("=")
    known = [*verb["params"]["properties"], *(["value"] if verb["value"] else [])]
    if not equals:
        raise ControlError(f"{name}: {expected('arguments like key=value', repr(text))}")
    if key not in known:
        raise ControlError(f"{name}: {unknown('argument', key, known)}")
    schema = verb["params"]["properties"].get(key, {"type": "string"})
    if any("string" in each.get("type", ()) or "enum" in each for each in schema.get("anyOf", [schema])):
        return key, value
    try:
        return key, json.loads(value)
    except ValueError:
        return key, value
