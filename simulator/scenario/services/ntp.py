"""Time servers."""

import re
from collections.abc import Callable, Mapping
from typing import ClassVar

from espat.scenario.schema.kinds import Reader, WrongValueError, whole_number_text
from espat.scenario.services.service import ServingHost, UdpService
from espat.stack import ntp
from espat.stack.endpoint import Endpoint


def read_kiss_code(value: object) -> bytes:
    """The code of a kiss-o'-death."""
    if not isinstance(value, str) or not re.fullmatch("[A-Z]{4}", value):
        raise WrongValueError("four capitals like RATE")
    return value.encode()


class Ntp(UdpService):
    """Tells the time of its host. `stratum=` and `leap=` as it says of itself (`leap=3`: it does not know the time);
    with `kiss=RATE` it sends everybody away."""

    usual_port = ntp.PORT
    needs_time = True
    options: ClassVar[Mapping[str, Reader]] = {
        "stratum": whole_number_text(1, 16),
        "leap": whole_number_text(0, 3),
        "kiss": read_kiss_code,
    }

    def __init__(
        self, host: ServingHost, port: int, stratum: int = 1, leap: int = 0, kiss: bytes | None = None
    ) -> None:
        super().__init__(host, port)
        kissing = ntp.ServerState(ntp.KISS_OF_DEATH, kiss, ntp.UNSYNCHRONISED) if kiss is not None else None
        self._state = kissing or ntp.ServerState(stratum, leap=leap)

    def receive(self, data: bytes, sender: Endpoint, reply: Callable[[bytes], None]) -> None:
        answer = ntp.answer(data, self.host.time(), self._state)
        if answer is not None:
            reply(answer)
