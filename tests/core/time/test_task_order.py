"""The order of tasks that are ready together."""

from contextlib import ExitStack

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from espat.core.time.task_order import UnrepeatableWarning, oldest_task_first


async def woken_together() -> list[int]:
    order: list[int] = []
    start = trio.Event()

    async def run(number: int) -> None:
        await start.wait()
        for _ in range(3):
            await trio.lowlevel.checkpoint()
            order.append(number)

    async with trio.open_nursery() as nursery:
        for number in range(10):
            nursery.start_soon(run, number)
        await wait_all_tasks_blocked()
        start.set()
    return order


async def test_the_oldest_task_is_first_as_long_as_anybody_wants_it() -> None:
    sorted_order = list(range(10)) * 3
    first, second = ExitStack(), ExitStack()
    with second:
        with first:
            for wanted in (first, second):
                wanted.enter_context(oldest_task_first())
            for _ in range(5):
                assert await woken_together() == sorted_order
        for _ in range(5):
            assert await woken_together() == sorted_order
    assert {tuple(await woken_together()) for _ in range(40)} != {tuple(sorted_order)}


@pytest.mark.parametrize("name", ["_r", "_ALLOW_DETERMINISTIC_SCHEDULING", "unrolled_run"])
def test_a_trio_that_cannot_be_told_the_order_is_warned_of(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with monkeypatch.context() as changed:
        changed.delattr(f"trio._core._run.{name}")
        told = rf"^trio {trio.__version__} has no _.*two runs .* may differ"
        with pytest.warns(UnrepeatableWarning, match=told), oldest_task_first():
            pass
    with oldest_task_first():  # and no warning
        pass


def test_a_trio_that_does_not_go_by_its_hook_is_warned_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("trio._core._run.unrolled_run", lambda runner: None)
    with pytest.warns(UnrepeatableWarning), oldest_task_first():
        pass
