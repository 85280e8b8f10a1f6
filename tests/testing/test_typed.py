"""The Python API tells who writes with it what there is: editors, type checkers, `dir`, `help`."""

import inspect

import pytest

import espat
from espat.scenario.verbs import VERBS
from espat.testing.simulation import Simulation


def mistakes_that_a_type_checker_finds(running: espat.SynchronousSimulation) -> None:
    """Nobody calls this. mypy runs over it, and complains of an ignored mistake that is none."""
    running.access_point.of("lab")  # type: ignore[attr-defined]
    running.access_point.off(3)  # type: ignore[arg-type]
    running.access_point.off("lab", chanel=3)  # type: ignore[call-arg]
    running.peer.serve("pc", "sctp", 80)  # type: ignore[arg-type]
    running.acces_point.off("lab")  # type: ignore[attr-defined]
    running.modules[0].wait_for(modul_prints="OK")  # type: ignore[call-arg]
    running.modules[0].expect("OK", within=b"1s")  # type: ignore[arg-type]
    running.modules[0].powr_off()  # type: ignore[attr-defined]
    espat.simulation(modul=2)  # type: ignore[call-arg]
    espat.simulation(speed="fast")  # type: ignore[arg-type]


async def mistakes_on_trio(running: Simulation) -> None:
    """As above."""
    await running.access_point.of("lab")  # type: ignore[attr-defined]
    await running.modules[0].wait_for(modul_prints="OK")  # type: ignore[call-arg]
    running.access_point.off("lab")  # type: ignore[unused-coroutine]
    Simulation(modul=2)  # type: ignore[call-arg]


@pytest.fixture
def running() -> espat.SynchronousSimulation:
    """One that has not begun."""
    return espat.simulation(serial=False, speed=None)


def test_dir_shows_the_verbs(running: espat.SynchronousSimulation) -> None:
    groups = {name.partition(".")[0] for name in VERBS if "." in name} - {"clock"}
    assert groups <= set(dir(running))
    for group in groups:
        verbs = {name.partition(".")[2] for name in VERBS if name.startswith(f"{group}.")}
        assert verbs <= set(dir(getattr(running, group)))


def test_help_shows_what_a_simulation_takes() -> None:
    here = inspect.signature(espat.simulation).parameters
    there = inspect.signature(Simulation).parameters
    assert list(here) == list(there)
    assert {name: here[name].default for name in here if here[name].default != there[name].default} == {
        "speed": 1.0,
        "serial": True,
    }
    assert "real time, unless told otherwise" in (espat.simulation.__doc__ or "")


def test_a_verb_that_was_added_later_is_there_too(
    running: espat.SynchronousSimulation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(VERBS, "access_point.explode", VERBS["access_point.off"])
    assert callable(getattr(running.access_point, "explode"))  # noqa: B009  # no type checker knows of it
    with pytest.raises(AttributeError, match=r"unknown verb 'access_point.explod' \(did you mean"):
        getattr(running.access_point, "explod")  # noqa: B009


def test_two_arguments_without_a_name_are_one_too_many() -> None:
    with espat.simulation(serial=False, speed=None) as running:
        with pytest.raises(espat.SimulationError, match="expected one argument without a name, got 2"):
            running.do("access_point.off", "espressif", "attic")
        with pytest.raises(TypeError, match="modul_prints"):
            running.modules[0].wait_for(modul_prints="OK")  # type: ignore[call-arg]
