"""The verb that waits for something to happen, whoever is at the serial port."""

from trio.lowlevel import ParkingLot

from espat.core.trace import Record
from espat.scenario.reading.scenario import Trigger
from espat.scenario.stage.mismatch import MismatchError
from espat.scenario.stage.reactions import matches
from espat.scenario.stage.stage import Stage
from espat.scenario.verbs.arguments import Count, Duration, Event
from espat.scenario.verbs.table import verb


@verb("wait_for", substituted=False)
async def wait_for(
    stage: Stage,
    *,
    module: str,
    module_prints: str | None = None,
    command: str | None = None,
    event: Event | None = None,
    nth: Count = 1,
    within: Duration | None = None,
) -> None:
    """Something happens for the nth time since the last one that was waited for: a line is printed, a command typed, or
    there is an event of the module."""
    given = {"module_prints": module_prints, "command": command, "event": event}
    wanted = {kind: text for kind, text in given.items() if text is not None}
    if len(wanted) != 1:
        raise MismatchError(f"expected one of {', '.join(given)}, got {' and '.join(wanted) or 'none'}")
    ((kind, text),) = wanted.items()
    trigger = Trigger(kind, stage.variables.use(text), None, module)
    number = stage.modules[module].number
    missing = nth
    more = ParkingLot()

    def listen(record: Record) -> None:
        more.unpark_all()

    def found() -> bool:
        nonlocal missing
        for record in stage.unseen():
            if record.module == number and matches(trigger, record):
                missing -= 1
                if not missing:
                    return True
        return False

    stage.trace.listeners.append(listen)
    try:
        await stage.until(more, found, lambda: f"expected {kind} {text!r}, which does not come", within)
    finally:
        stage.trace.listeners.remove(listen)
