"""`espat pki`: make test certificates."""

import sys
from argparse import ArgumentTypeError, Namespace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from espat.cli.reasons import reason
from espat.persist import pki

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction


def add_parser(subparsers: "_SubParsersAction[ArgumentParser]") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser("pki", help="make a test CA, and certificates of all the sets of a module")
    parser.add_argument("folder", metavar="DIR", type=Path, help="where the PEM files go, one for each key of mfg_nvs")
    parser.add_argument("--name", default=pki.SERVER_NAME, help=f"of the server's certificate ({pki.SERVER_NAME})")
    for word, default in (("from", pki.VALID_FROM), ("until", pki.VALID_UNTIL)):
        parser.add_argument(
            f"--{word}",
            dest=f"valid_{word}",
            metavar="DATE",
            type=_date,
            default=default,
            help=f"of their validity ({default:%Y-%m-%d})",
        )
    parser.set_defaults(main=main, usage_error=parser.error)


def main(options: Namespace) -> int:
    """Print the path of every file. Returns 0, or 2 when the folder will not do."""
    if options.valid_until <= options.valid_from:
        found = f"found {options.valid_until:%Y-%m-%d}"
        options.usage_error(
            f"argument --until: {found}; a day behind --from, {options.valid_from:%Y-%m-%d}, would be right"
        )
    try:
        made = pki.make(options.name, valid_from=options.valid_from, valid_until=options.valid_until)
        for path in pki.write(made, options.folder):
            print(path)
    except (OSError, ValueError) as error:
        print(f"espat pki: {reason(error)}", file=sys.stderr)
        return 2
    return 0


def _date(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ArgumentTypeError(f"found {text!r}; a date such as 2020-01-31 would be right") from None
