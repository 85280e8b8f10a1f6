"""A verb is done on a stage, for whoever asks: a program, or somebody at the control channel."""

from collections.abc import Mapping
from typing import Any

from espat.scenario.stage.stage import Stage
from espat.scenario.verbs.table import bind


async def act(stage: Stage, verb: str, arguments: Mapping[str, Any], module: str, value: Any = None) -> None:
    """Have a verb done while module time passes, and note that in the trace. Raises VerbError, and what the verb
    raises."""
    action = bind(verb, arguments, module, value=value)
    if value is None:
        stage.event(module, described(verb, arguments))
    with stage.time_passing():
        await action(stage)


def described(action: str, arguments: Mapping[str, Any]) -> str:
    """A verb and its arguments on one line."""
    return " ".join([action, *(f"{key}={value}" for key, value in arguments.items())])
