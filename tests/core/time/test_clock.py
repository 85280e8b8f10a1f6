"""Module time: real, scaled and stepped."""

from collections.abc import Awaitable, Callable
from random import Random

import pytest
import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from espat.core.time.clock import Clock, PacedClock, RealClock, ScaledClock, SteppedClock
from tests.memory import measured


async def sleeper(clock: Clock, seconds: float, name: str, log: list[tuple[str, float]]) -> None:
    await clock.sleep(seconds)
    log.append((name, clock.now()))


def run_instantly(test: Callable[[], Awaitable[None]]) -> None:
    """Run with trio's time jumping ahead whenever nothing else is to be done."""
    trio.run(test, clock=MockClock(autojump_threshold=0))


def test_a_scaled_clock_runs_faster_than_real_time() -> None:
    async def run() -> None:
        clock = ScaledClock(10)
        assert clock.now() == 0
        began = trio.current_time()
        await clock.sleep(50)
        assert trio.current_time() - began == pytest.approx(5)
        assert clock.now() == pytest.approx(50)
        await clock.sleep_until(80)
        assert trio.current_time() - began == pytest.approx(8)

    run_instantly(run)


def test_a_real_clock_is_real_time_since_it_was_made() -> None:
    async def run() -> None:
        await trio.sleep(3)
        clock = RealClock()
        await clock.sleep(2)
        assert clock.now() == pytest.approx(2)

    run_instantly(run)


def test_a_scope_of_scaled_time() -> None:
    async def run() -> None:
        clock = ScaledClock(100)
        with clock.move_on_after(10) as scope, clock.real_work():
            await trio.sleep_forever()
        assert scope.cancelled_caught
        assert clock.now() == pytest.approx(10)
        with clock.move_on_after(10) as scope:
            await clock.sleep(9)
        assert not scope.cancelled_caught

    run_instantly(run)


@pytest.mark.parametrize("speed", [0, -1])
async def test_time_does_not_run_backwards(speed: float) -> None:
    with pytest.raises(ValueError, match=str(speed)):
        ScaledClock(speed)


async def test_stepped_time_stands_still() -> None:
    clock = SteppedClock()
    log: list[tuple[str, float]] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sleeper, clock, 1.0, "a", log)
        await wait_all_tasks_blocked()
        assert clock.now() == 0
        await clock.advance(0.5)
        assert (clock.now(), log) == (0.5, [])
        await clock.advance(0.5)
        assert (clock.now(), log) == (1.0, [("a", 1.0)])


async def test_timers_fire_in_the_order_of_their_deadlines_each_at_its_own_time() -> None:
    clock = SteppedClock()
    log: list[tuple[str, float]] = []
    async with trio.open_nursery() as nursery:
        for seconds, name in ((3.0, "c"), (1.0, "a"), (2.0, "b")):
            nursery.start_soon(sleeper, clock, seconds, name, log)
        await clock.advance(10)
    assert log == [("a", 1.0), ("b", 2.0), ("c", 3.0)]
    assert clock.now() == 10


async def test_equal_deadlines_fire_in_the_order_they_were_set() -> None:
    clock = SteppedClock()
    log: list[tuple[str, float]] = []
    names = [str(number) for number in range(20)]
    async with trio.open_nursery() as nursery:
        for name in names:
            nursery.start_soon(sleeper, clock, 1.0, name, log)
            await wait_all_tasks_blocked()
        await clock.advance(1)
    assert [name for name, _ in log] == names


async def test_tasks_settle_between_two_timers() -> None:
    clock = SteppedClock()
    log: list[tuple[str, float]] = []

    async def chain() -> None:
        for name in ("first", "second", "third"):
            await sleeper(clock, 1.0, name, log)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(chain)
        nursery.start_soon(sleeper, clock, 2.5, "other", log)
        await clock.advance(3)
    assert log == [("first", 1.0), ("second", 2.0), ("other", 2.5), ("third", 3.0)]


async def test_many_small_steps_are_one_large_one() -> None:
    clock = SteppedClock()
    log: list[tuple[str, float]] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(sleeper, clock, 0.8, "a", log)
        for _ in range(8):
            await clock.advance(0.1)
        assert log == [("a", 0.8)]


async def test_a_deadline_that_has_passed_does_not_wait() -> None:
    clock = SteppedClock()
    await clock.advance(5)
    await clock.sleep_until(5)
    await clock.sleep(0)
    await clock.sleep(-1)
    assert clock.now() == 5


async def test_a_scope_of_stepped_time() -> None:
    clock = SteppedClock()
    ended: list[float] = []

    async def wait() -> None:
        with clock.move_on_after(2) as scope:
            await trio.sleep_forever()
        assert scope.cancelled_caught
        ended.append(clock.now())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(wait)
        await clock.advance(1.9)
        assert not ended
        await clock.advance(1)
    assert ended == [2]


@pytest.mark.parametrize("seconds", [0, -1])
async def test_a_scope_without_time_ends_at_once(seconds: float) -> None:
    clock = SteppedClock()
    with clock.move_on_after(seconds) as scope:
        await trio.sleep_forever()
    assert scope.cancelled_caught


async def test_a_scope_that_was_left_does_nothing_later() -> None:
    clock = SteppedClock()
    with clock.move_on_after(1) as scope:
        pass
    await clock.advance(2)
    assert not scope.cancel_called


async def test_timers_nobody_waits_for_are_forgotten() -> None:
    clock = SteppedClock()
    with measured() as held:
        for _ in range(1000):
            with trio.move_on_after(0):
                await clock.sleep(1000)
            with clock.move_on_after(1000):
                await trio.lowlevel.checkpoint()
        assert held() < 50_000  # of 2,000 timers
    assert clock.next_deadline is None


async def test_thousands_of_timers_fire_in_order_among_those_that_are_given_up() -> None:
    clock = SteppedClock()
    random = Random(1)
    log: list[tuple[str, float]] = []
    deadlines = [random.uniform(0, 100) for _ in range(3000)]

    async def work(deadline: float) -> None:
        for _ in range(3):
            with clock.move_on_after(random.uniform(100, 200)):
                await clock.sleep(deadline / 3)
        log.append(("", clock.now()))

    async with trio.open_nursery() as nursery:
        for deadline in deadlines:
            nursery.start_soon(work, deadline)
        await clock.advance(100)
    assert [when for _, when in log] == pytest.approx(sorted(deadlines))


async def test_stepped_time_waits_for_real_work() -> None:
    clock = SteppedClock()
    answered = trio.Event()
    log: list[tuple[str, float]] = []

    async def peer() -> None:
        with clock.real_work():
            await answered.wait()
        log.append(("peer", clock.now()))

    async def step() -> None:
        await clock.advance(10)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(peer)
        nursery.start_soon(sleeper, clock, 1.0, "timer", log)
        await wait_all_tasks_blocked()
        nursery.start_soon(step)
        await wait_all_tasks_blocked()
        assert (clock.now(), log) == (0, [])
        answered.set()
    assert log == [("peer", 0), ("timer", 1.0)]
    assert clock.now() == 10


async def test_stepped_time_that_runs_goes_from_timer_to_timer() -> None:
    clock = SteppedClock()
    log: list[tuple[str, float]] = []
    async with trio.open_nursery() as nursery:
        nursery.start_soon(clock.run)
        await wait_all_tasks_blocked()
        assert clock.now() == 0
        async with trio.open_nursery() as sleepers:
            for seconds, name in ((3600.0, "b"), (1.0, "a")):
                sleepers.start_soon(sleeper, clock, seconds, name, log)
        with clock.move_on_after(5):
            await trio.sleep_forever()
        nursery.cancel_scope.cancel()
    assert log == [("a", 1.0), ("b", 3600.0)]
    assert clock.now() == 3605


async def test_stepped_time_that_runs_waits_for_real_work() -> None:
    clock = SteppedClock()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(clock.run)
        answered = trio.Event()

        async def ask() -> None:
            with clock.real_work():
                await answered.wait()

        async with trio.open_nursery() as asking:
            asking.start_soon(ask)
            asking.start_soon(sleeper, clock, 10.0, "", [])
            await wait_all_tasks_blocked()
            assert clock.now() == 0
            answered.set()
        assert clock.now() == 10
        nursery.cancel_scope.cancel()


def test_paced_time_passes_and_can_be_moved_ahead() -> None:
    async def run() -> None:
        clock = PacedClock(10)
        assert clock.real_seconds(5) == 0.5
        log: list[tuple[str, float]] = []
        began = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(clock.run)
            nursery.start_soon(sleeper, clock, 7200.0, "late", log)
            await clock.sleep(50)
            assert trio.current_time() - began == pytest.approx(5)
            nursery.start_soon(sleeper, clock, 20.0, "soon", log)
            await trio.sleep(1)
            await clock.advance(3600)
            assert trio.current_time() - began == pytest.approx(6)
            assert clock.now() == pytest.approx(3660)
            with clock.move_on_after(5) as scope:
                await clock.sleep(10)
            assert scope.cancelled_caught
            await clock.advance(3600)
            await clock.sleep(1)
            nursery.cancel_scope.cancel()
        assert [name for name, _ in log] == ["soon", "late"]
        assert [time for _, time in log] == pytest.approx([70, 7200])

    run_instantly(run)


@pytest.mark.parametrize("speed", [0, -1, float("inf")])
async def test_paced_time_does_not_stand_still(speed: float) -> None:
    with pytest.raises(ValueError, match=str(speed)):
        PacedClock(speed)
