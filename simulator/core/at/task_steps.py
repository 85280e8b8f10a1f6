"""A task's steps: what it does between two waits, while no other task runs.

trio tells its instruments of every step of every task, but nobody of the steps of one. Whoever drives a coroutine sees
them: this is `await` written out, with a call on either side of each step.
"""

import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, TypeVar

Outcome = TypeVar("Outcome")


@types.coroutine
def in_steps(
    coroutine: Coroutine[Any, Any, Outcome], before_step: Callable[[], None], after_step: Callable[[], None]
) -> Generator[Any, Any, Outcome]:
    """Run a coroutine in this task; call `before_step` and `after_step` around each of its steps."""
    proceed: Callable[[Any], Any] = coroutine.send
    news: Any = None
    while True:
        before_step()
        try:
            wait = proceed(news)
        except StopIteration as done:
            outcome: Outcome = done.value
            return outcome
        finally:
            after_step()
        try:
            news = yield wait
            proceed = coroutine.send
        except BaseException as error:  # whatever the coroutine waited for
            news = error
            proceed = coroutine.throw
