"""What a task does between two waits, told from outside."""

from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import wait_all_tasks_blocked

from espat.core.at.task_steps import in_steps


class Notes:
    """What happened, in order."""

    def __init__(self) -> None:
        self.taken: list[str] = []

    def note(self, what: str) -> Callable[[], None]:
        return lambda: self.taken.append(what)

    async def run(self, work: Callable[[], Awaitable[str]]) -> str:
        async def coroutine() -> str:
            return await work()

        return await in_steps(coroutine(), self.note("begin"), self.note("end"))


async def test_what_never_waits_is_one_step() -> None:
    notes = Notes()

    async def work() -> str:
        notes.note("work")()
        return "done"

    assert await notes.run(work) == "done"
    assert notes.taken == ["begin", "work", "end"]


async def test_every_wait_ends_a_step() -> None:
    notes, wanted = Notes(), trio.Event()

    async def work() -> str:
        notes.note("before")()
        await wanted.wait()
        notes.note("behind")()
        return "done"

    async with trio.open_nursery() as nursery:
        nursery.start_soon(notes.run, work)
        await wait_all_tasks_blocked()
        assert notes.taken == ["begin", "before", "end"]
        wanted.set()
    assert notes.taken == ["begin", "before", "end", "begin", "behind", "end"]


async def test_a_failure_ends_the_last_step() -> None:
    notes = Notes()

    async def work() -> str:
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        await notes.run(work)
    assert notes.taken == ["begin", "end"]


async def test_a_cancelled_wait_is_seen_inside() -> None:
    notes = Notes()

    async def work() -> str:
        try:
            await trio.sleep_forever()
        except trio.Cancelled:
            notes.note("cancelled")()
            raise
        return "never"

    with trio.CancelScope() as scope:
        scope.cancel()
        await notes.run(work)
    assert scope.cancelled_caught
    assert notes.taken == ["begin", "end", "begin", "cancelled", "end"]


async def test_what_is_waited_for_comes_in() -> None:
    notes = Notes()
    send, receive = trio.open_memory_channel[str](1)

    async def work() -> str:
        return await receive.receive()

    await send.send("news")
    assert await notes.run(work) == "news"
