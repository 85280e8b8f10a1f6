"""`espat pki`: make test certificates, or copy those that modules come with."""

import sys
from argparse import ArgumentTypeError, Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from espat.cli.reasons import reason
from espat.persist import pki
from espat.persist.manufacturing import all_shipped

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction


def add_parser(subparsers: "_SubParsersAction[ArgumentParser]") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser("pki", help="make a test CA, and certificates of all the sets of a module")
    parser.add_argument("folder", metavar="DIR", type=Path, help="where the PEM files go, one for each key of mfg_nvs")
    parser.add_argument("--shipped", action="store_true", help="make none: write those that every module comes with")
    parser.add_argument("--name", help=f"of the server's certificate ({pki.SERVER_NAME})")
    for word, default in (("from", pki.VALID_FROM), ("until", pki.VALID_UNTIL)):
        parser.add_argument(
            f"--{word}",
            dest=f"valid_{word}",
            metavar="DATE",
            type=_date,
            help=f"of their validity ({default:%Y-%m-%d})",
        )
    parser.set_defaults(main=main, usage_error=parser.error)


def main(options: Namespace) -> int:
    """Print the path of every file. Returns 0, or 2 when the folder will not do."""
    if options.shipped:
        for option, value in (("name", options.name), ("from", options.valid_from), ("until", options.valid_until)):
            if value is not None:
                options.usage_error(f"argument --{option}: not allowed with argument --shipped")
    try:
        written = list(pki.write(all_shipped() if options.shipped else _make(options), options.folder))
    except (OSError, ValueError) as error:
        print(f"espat pki: {reason(error)}", file=sys.stderr)
        return 2
    for path in written:
        print(path)
    return 0


def _make(options: Namespace) -> dict[str, bytes]:
    """New ones, by their keys, as the options say."""
    valid_from = options.valid_from or pki.VALID_FROM
    valid_until = options.valid_until or pki.VALID_UNTIL
    if valid_until <= valid_from:
        options.usage_error(
            f"argument --until: expected a day after --from, {valid_from:%Y-%m-%d}, got {valid_until:%Y-%m-%d}"
        )
    name = pki.SERVER_NAME if options.name is None else options.name
    return pki.make(name, valid_from=valid_from, valid_until=valid_until)


def _date(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ArgumentTypeError(f"expected a date such as 2020-01-31, got {text!r}") from None
