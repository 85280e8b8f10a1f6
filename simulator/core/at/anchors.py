"""The anchors on the way of a byte through a module: what happens there, by name. A fault hangs at one by taking the
place of that method on the machine, or the output, of one module; where none hangs, nothing of it is there."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from espat.core.at.machine import AtMachine
from espat.core.at.output import Output

ANCHORS: Final[Mapping[str, Callable[..., Any]]] = {
    "rx-chunk": AtMachine.rx_chunk,
    "echo": AtMachine.echo,
    "dispatch": AtMachine.dispatch,
    "prompt": AtMachine.prompt,
    "payload": AtMachine.payload,
    "receipt": AtMachine.receipt,
    "before-result": AtMachine.before_result,
    "send-result": AtMachine.send_result,
    "after-result": AtMachine.after_result,
    "report": Output.report,
}
"""In the order in which a command goes through them. `send-result` is the result of a command that has had data."""
