"""The order of tasks that are ready together."""

from contextlib import ExitStack

import trio
from trio.testing import wait_all_tasks_blocked

from espat.core.time.task_order import oldest_task_first


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
