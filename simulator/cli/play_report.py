"""What came of scenarios, for people, programs and CI."""

import json
import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Mapping
from html import escape
from pathlib import Path
from typing import Final

from espat.core.output_file import open_output
from espat.scenario.play.outcome import FAILED, PASSED, WAITING, WRONG, Outcome

WORDS: Final = {PASSED: "ok", FAILED: "FAILED", WAITING: "waiting", WRONG: "WRONG"}


class Reporter(ABC):
    """Prints outcomes, as they come or all at the end."""

    def __init__(self, count: int) -> None:
        """`count`: of the outcomes that will come."""
        self._count = count
        self._done: list[Outcome] = []

    def add(self, outcome: Outcome) -> None:
        """One more."""
        self._done.append(outcome)

    @abstractmethod
    def end(self) -> None:
        """There are no more."""


class Text(Reporter):
    """One line for each scenario; for those that did not pass, why. What waits is named again at the end."""

    def add(self, outcome: Outcome) -> None:
        super().add(outcome)
        wide = len(str(self._count))
        print(
            f"{len(self._done):{wide}}/{self._count} {WORDS[outcome.status]:7} {outcome.seconds:6.2f} s  "
            f"{outcome.file}: {outcome.title}"
        )
        if outcome.status in (FAILED, WRONG):
            for line in outcome.details:
                print(f"    {line}")
        print(end="", flush=True)

    def end(self) -> None:
        waiting = [outcome for outcome in self._done if outcome.status == WAITING]
        if waiting:
            print("waiting for what is not built yet:")
            for outcome in waiting:
                print(f"    {outcome.file}: {outcome.details[0]}")
        print(summary(self._done), flush=True)


class Json(Reporter):
    """A list of objects."""

    def end(self) -> None:
        rows = [json.dumps(outcome._asdict() | {"seconds": round(outcome.seconds, 6)}) for outcome in self._done]
        print("[\n" + ",\n".join(f"  {row}" for row in rows) + "\n]", flush=True)


class JUnit(Reporter):
    """The XML that CI servers read: a test case for each scenario; one that waits is skipped."""

    def end(self) -> None:
        print(self.text(), flush=True)

    def text(self) -> str:
        """The XML."""
        counts = Counter(outcome.status for outcome in self._done)
        seconds = sum(outcome.seconds for outcome in self._done)
        lines = [
            '<?xml version="1.0" encoding="utf-8"?>',
            f'<testsuite name="espat play" tests="{len(self._done)}" failures="{counts[FAILED]}" '
            f'errors="{counts[WRONG]}" skipped="{counts[WAITING]}" time="{seconds:.3f}">',
            *(self._case(outcome) for outcome in self._done),
            "</testsuite>",
        ]
        return "\n".join(lines)

    def _case(self, outcome: Outcome) -> str:
        head = (
            f'  <testcase classname={_quoted(outcome.file)} name={_quoted(outcome.title)} time="{outcome.seconds:.3f}"'
        )
        if outcome.status == PASSED:
            return head + "/>"
        tag = {FAILED: "failure", WRONG: "error", WAITING: "skipped"}[outcome.status]
        first = outcome.details[0] if outcome.details else ""
        reason = f"waiting for {first}" if outcome.status == WAITING else first
        text = escape(_printable("\n".join(outcome.details)))
        return f"{head}><{tag} message={_quoted(reason)}>{text}</{tag}></testcase>"


REPORTERS: Final[Mapping[str, type[Reporter]]] = {"text": Text, "json": Json, "junit": JUnit}


class JUnitFileError(OSError):
    """The XML cannot be written."""


def write_junit(path: Path, outcomes: list[Outcome], inputs: Iterable[Path]) -> None:
    """Write the XML to a file, which must be none of `inputs`. Raises JUnitFileError."""
    report = JUnit(len(outcomes))
    for outcome in outcomes:
        report.add(outcome)
    try:
        with os.fdopen(open_output(path, inputs), "w", encoding="utf-8") as file:
            file.write(f"{report.text()}\n")
    except OSError as error:
        raise JUnitFileError(error.errno, error.strerror, error.filename or str(path)) from None


def summary(outcomes: list[Outcome]) -> str:
    """How many came to what."""
    counts = Counter(outcome.status for outcome in outcomes)
    return ", ".join(f"{counts[status]} {status}" for status in WORDS if counts[status] or status == PASSED)


def _quoted(text: str) -> str:
    return f'"{escape(_printable(text))}"'


def _printable(text: str) -> str:
    """What XML can hold."""
    return "".join(character if character.isprintable() or character in "\n\t" else "?" for character in text)
