"""What a client of the control channel may ask for: every verb, by its name, and methods about the run itself.

A verb has its arguments as parameters, `module` for the name of the module it is about, and `value` for what stands
behind the key of a step that has one (`send`).
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, Protocol

from espat.control.messages import FAILED, UNKNOWN_METHOD, WRONG_PARAMETERS, RpcError
from espat.control.status import status
from espat.core.suggestions import unknown
from espat.core.time.clock import PacedClock
from espat.core.trace import RECENT
from espat.scenario.schema.json_schema import table_schema
from espat.scenario.schema.kinds import TEXT, Kind, WrongValueError, whole_number
from espat.scenario.schema.tables import Field
from espat.scenario.stage.mismatch import MismatchError
from espat.scenario.stage.stage import Stage
from espat.scenario.verbs import VERBS, Verb, VerbError
from espat.scenario.verbs.acting import act
from espat.scenario.verbs.table import FAILURES

FASTEST: Final = 1e6


def _factor(value: object) -> float:
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= FASTEST:
        raise WrongValueError(FACTOR.right)
    return float(value)


FACTOR: Final = Kind(
    f"a number more than 0, at most {FASTEST:.0f}",
    _factor,
    {"type": "number", "exclusiveMinimum": 0, "maximum": FASTEST},
)
"""How many times as fast as real time."""


class Client(Protocol):
    """Who asks, as methods see it."""

    stage: Stage

    def shut_down(self) -> None:
        """End the run, when the client has been answered."""

    def subscribe(self, module: int | None, recent: int) -> None:
        """Tell the client what happens from now on, and the last `recent` messages. `module`: only of that one."""

    def unsubscribe(self) -> None:
        """Tell it no more."""


class Method(NamedTuple):
    """A method, and the parameters it takes."""

    run: Callable[..., Any]
    parameters: Mapping[str, Field] = {}

    @property
    def meaning(self) -> str:
        """What it does, in a sentence."""
        return " ".join((self.run.__doc__ or "").split())


def _status(client: Client) -> dict[str, Any]:
    """Modules, links, access points and module time as they are."""
    return status(client.stage)


def _verbs(client: Client) -> dict[str, Any]:
    """Everything that can be asked for: `meaning`; `params` as JSON Schema; `module` and `value`: whether it takes
    them besides."""
    methods = {
        name: {
            "meaning": method.meaning,
            "module": False,
            "value": False,
            "params": table_schema(method.parameters),
        }
        for name, method in METHODS.items()
    }
    return methods | {name: _described(verb) for name, verb in VERBS.items()}


def _subscribe(client: Client, module: str | None = None, recent: int = 0) -> None:
    """Everything that happens comes as a notification `trace` from now on, passwords too; the last messages first."""
    client.subscribe(None if module is None else client.stage.modules[_module(client.stage, module)].number, recent)


def _unsubscribe(client: Client) -> None:
    """Nothing comes any more."""
    client.unsubscribe()


def _speed(client: Client, speed: float) -> None:
    """Module time runs so many times as fast as real time from now on."""
    clock = client.stage.clock
    if not isinstance(clock, PacedClock):
        raise RpcError(FAILED, "clock.speed: the time of this run does not pass by itself")
    clock.speed = speed


def _shut_down(client: Client) -> None:
    """The run ends, with exit code 0."""
    client.shut_down()


METHODS: Final[Mapping[str, Method]] = {
    "status": Method(_status),
    "verbs": Method(_verbs),
    "trace.subscribe": Method(
        _subscribe,
        {
            "module": Field(TEXT, "the name of one module", "all"),
            "recent": Field(whole_number(0, RECENT), "how many messages that have been", "0"),
        },
    ),
    "trace.unsubscribe": Method(_unsubscribe),
    "clock.speed": Method(_speed, {"speed": Field(FACTOR, "how many times as fast as real time", required=True)}),
    "shutdown": Method(_shut_down),
}


async def call(client: Client, name: str, parameters: Mapping[str, Any]) -> Any:
    """Do what is asked for, and return the result. Raises RpcError."""
    if name in METHODS:
        return _call(client, METHODS[name], name, parameters)
    if name not in VERBS:
        raise RpcError(UNKNOWN_METHOD, unknown("method", name, (*METHODS, *VERBS)))
    arguments = dict(parameters)
    module = _module(client.stage, arguments.pop("module", next(iter(client.stage.modules))))
    value = arguments.pop("value", None) if _has_value(VERBS[name]) else None
    try:
        await act(client.stage, name, arguments, module, value)
    except VerbError as error:
        raise RpcError(WRONG_PARAMETERS, str(error)) from None
    except FAILURES as error:
        difference = list(error.difference) if isinstance(error, MismatchError) else None
        raise RpcError(FAILED, f"{name}: {str(error).removeprefix(f'{name}: ')}", data=difference or None) from None
    return None


def _call(client: Client, method: Method, name: str, parameters: Mapping[str, Any]) -> Any:
    found = {}
    for key, value in parameters.items():
        if key not in method.parameters:
            raise RpcError(WRONG_PARAMETERS, f"{name}: {unknown('argument', key, method.parameters)}")
        kind = method.parameters[key].kind
        assert isinstance(kind, Kind)
        try:
            found[key] = kind.read(value)
        except WrongValueError as error:
            raise RpcError(WRONG_PARAMETERS, f"{name}: {key}: {error.problem(value)}") from None
    required = {key for key, field in method.parameters.items() if field.required}
    if missing := required - found.keys():
        raise RpcError(WRONG_PARAMETERS, f"{name}: missing argument {' and '.join(map(repr, sorted(missing)))}")
    return method.run(client, **found)


def _module(stage: Stage, name: Any) -> str:
    found = str(name) if isinstance(name, int) and not isinstance(name, bool) else name
    if not isinstance(found, str) or found not in stage.modules:
        raise RpcError(WRONG_PARAMETERS, unknown("module", str(name), stage.modules))
    return found


def _described(verb: Verb) -> dict[str, Any]:
    return {
        "meaning": verb.meaning,
        "module": "module" in verb.hints,
        "value": _has_value(verb),
        "params": table_schema(verb.fields),
    }


def _has_value(verb: Verb) -> bool:
    """Whether something stands behind the key of its step."""
    return "value" in verb.hints and "value" not in verb.keys
