"""The clock of day, which the chip keeps as long as it has power."""

from espat.core.time.clock import Clock


class RealTimeClock:
    """Counts from 0 at power-on until it is set, and through restarts and deep sleep.

    `was_set`: whether anybody has set it since power-on.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.power_on()

    def time(self) -> float:
        """Seconds since 1970, in microseconds; since power-on as long as nobody has set it."""
        return round(self._offset + self._clock.now(), 6)

    def set(self, seconds: float) -> None:
        """Set it to so many seconds since 1970."""
        self._offset = seconds - self._clock.now()
        self.was_set = True

    def power_on(self) -> None:
        """Count from 0."""
        self._offset = -self._clock.now()
        self.was_set = False
