"""`espat play`: play scenario files."""

import math
import sys
from argparse import Namespace
from collections.abc import Iterator
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING

from espat.cli.port_options import NAMES, add_port_options
from espat.cli.reasons import reason
from espat.core.time.timing import PROFILES
from espat.scenario.reading.gallery import from_gallery

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction

    from espat.scenario.play.outcome import Outcome
    from espat.scenario.stage.options import StageOptions

FORMATS = ("text", "json", "junit")


def add_parser(subparsers: "_SubParsersAction[ArgumentParser]") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser("play", help="play scenario files, and say what came of each")
    add = parser.add_argument
    add(
        "files",
        metavar="FILE|DIR",
        nargs="+",
        type=Path,
        help="scenarios; of a directory all but those named _*; gallery: those that come with the simulator",
    )
    add(
        "--speed",
        metavar="FACTOR",
        default=None,
        help="max: stepped time and hosts in memory, the same run each time (the default); a number: module time runs "
        "so many times as fast, and hosts are sockets of this machine",
    )
    add(
        "--timing",
        choices=PROFILES,
        help="answer at once, or take a real module's time; as each scenario says otherwise (fast)",
    )
    add("--format", choices=FORMATS, default="text", help="how to print what came of it (text)")
    add("--junit", metavar="FILE", type=Path, help="write JUnit's XML there besides")
    add("--jobs", metavar="N", type=int, default=1, help="scenarios played at the same time (1)")
    add("--trace", metavar="DIR", type=Path, help="write a trace of each scenario there; it holds passwords")
    add("--seed", metavar="N", type=int, help="of everything random; that of the scenario's world otherwise")
    add("--limit", metavar="SECONDS", type=int, default=600, help="real seconds each may take (600)")
    add_port_options(parser.add_argument_group("the port, of a scenario with 'attach'"))
    parser.set_defaults(main=main, usage_error=parser.error)


def main(options: Namespace) -> int:
    """Play. Returns 0, 1 when a scenario failed, 2 when a file cannot be used."""
    from espat.cli import play_report  # these: the whole simulator, for this subcommand only
    from espat.cli.play_report import JUnitFileError
    from espat.scenario.play.outcome import FAILED, WRONG
    from espat.scenario.reading.scenario import ScenarioError

    for stream in (sys.stdout, sys.stderr):  # a file's name need not be text
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    speed = _speed(options)
    if options.limit < 1:
        options.usage_error(f"--limit: expected 1 or more, got {options.limit}")
    if options.jobs < 1:
        options.usage_error(f"--jobs: expected 1 or more, got {options.jobs}")
    if options.seed is not None and options.seed < 0:
        options.usage_error(f"--seed: expected 0 or more, got {options.seed}")
    files = list(dict.fromkeys(_files(options)))
    if options.trace is not None:
        try:
            options.trace.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            print(f"espat: {options.trace}: {error.strerror}", file=sys.stderr)
            return 2
    if len(files) == 1 and _attaches(files[0]):
        from espat.cli.play_attached import play_attached  # it needs serial devices, which few scenarios do

        try:
            return play_attached(files[0], options, speed)
        except (ScenarioError, OSError) as error:
            print(error, file=sys.stderr)
            return 2
    for name in NAMES:
        if getattr(options, name) is not None:
            options.usage_error(f"--{name.replace('_', '-')}: expected one scenario, with 'attach'")
    outcomes = []
    reporter = play_report.REPORTERS[options.format](len(files))
    try:
        for outcome in _outcomes(files, options, speed):
            outcomes.append(outcome)
            reporter.add(outcome)
        reporter.end()
        if options.junit is not None:
            play_report.write_junit(options.junit, outcomes, files)
    except KeyboardInterrupt:
        return 130
    except JUnitFileError as error:
        print(f"espat: {reason(error)}", file=sys.stderr)
        return 2
    statuses = {outcome.status for outcome in outcomes}
    return 2 if WRONG in statuses else 1 if FAILED in statuses else 0


def _speed(options: Namespace) -> float | None:
    """The factor; None for stepped time."""
    if options.speed in (None, "max"):
        return None
    try:
        speed = float(options.speed)
    except ValueError:
        speed = 0.0
    if not 0 < speed < math.inf:
        options.usage_error(f"--speed: expected max or more than 0, got {options.speed!r}")
    return speed


def _files(options: Namespace) -> Iterator[Path]:
    for path in map(from_gallery, options.files):
        if not path.is_dir():
            if path.suffix == ".toml":
                options.usage_error(f"{path}: expected a scenario (*.yaml), got a world file")
            yield path
            continue
        found = sorted(path.glob("**/*.yaml"))
        yield from (file for file in found if not file.name.startswith("_"))
        if not found:
            options.usage_error(f"{path}: no scenario (*.yaml) in it")


def _attaches(path: Path) -> bool:
    from espat.scenario.reading.scenario import ScenarioError  # with the one below: for this subcommand only
    from espat.scenario.reading.scenario_file import read_scenario

    try:
        return read_scenario(path).attach
    except ScenarioError:
        return False  # whoever plays it will say what is wrong


def _outcomes(files: list[Path], options: Namespace, speed: float | None) -> "Iterator[Outcome]":
    """In the order of the files."""
    from functools import partial  # with those below: for this subcommand only

    from espat.scenario.play.outcome import play_file

    jobs = [(path, _setting(path, files, options, speed)) for path in files]
    if options.jobs == 1 or len(files) == 1:
        for path, setting in jobs:
            yield play_file(path, setting, options.seed, options.limit)
        return
    from concurrent.futures import ProcessPoolExecutor
    from multiprocessing import get_context

    with ProcessPoolExecutor(min(options.jobs, len(files)), mp_context=get_context("fork")) as pool:
        work = partial(_play_job, seed=options.seed, limit=options.limit)
        yield from pool.map(work, jobs, chunksize=max(1, min(8, len(jobs) // (4 * options.jobs))))


def _play_job(job: "tuple[Path, StageOptions]", seed: int | None, limit: int) -> "Outcome":
    from espat.scenario.play.outcome import play_file  # loaded before the fork

    return play_file(*job, seed, limit)


def _setting(path: Path, files: list[Path], options: Namespace, speed: float | None) -> "StageOptions":
    from espat.scenario.stage.options import StageOptions  # as above

    trace = None
    if options.trace is not None:
        same = [file for file in files if file.stem == path.stem]
        number = f"-{same.index(path)}" if same.index(path) else ""
        trace = options.trace / f"{path.stem}{number}.jsonl"
    return StageOptions(speed=speed, sockets=speed is not None, profile=options.timing, trace=trace)
