"""A task's stretches: what it does between two waits, while no other task runs.

trio has no hook for the moment when a task waits; but whoever drives its coroutine sees it. This is `await` written
out, with a call on either side of each stretch.
"""

import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

Outcome = TypeVar("Outcome")


@types.coroutine
def in_stretches(
    coroutine: Coroutine[Any, Any, Outcome], begin: Callable[[], None], end: Callable[[], None]
) -> Generator[Any, Any, Outcome]:
    """Run a coroutine in this task; call `begin` before each of its stretches and `end` after it."""
    proceed: Callable[[Any], Any] = coroutine.send
    news: Any = None
    while True:
        begin()
        try:
            wait = proceed(news)
        except StopIteration as done:
            outcome: Outcome = done.value
            return outcome
        finally:
            end()
        try:
            news = yield wait
            proceed = coroutine.send
        except BaseException as error:  # whatever the coroutine waited for
            news = error
            proceed = coroutine.throw
