"""What bytes mean while a command takes data from the port (ESP-AT User Guide, AT+CIPSEND, AT+CIPSENDEX). Sans-IO."""

from abc import ABC, abstractmethod
from typing import ClassVar


class DataEntry(ABC):
    """The bytes a command waits for behind its prompt.

    `cancellable`: whether `+++` standing alone ends the entry. `surplus_is_input`: whether bytes behind the data are
    the next command (the firmware's "specific" port mode) or are refused with busy. `streams`: whether data is passed
    on while more comes in. `ended`: whether it takes nothing more.
    """

    streams: ClassVar[bool] = False

    def __init__(self, *, cancellable: bool = True, surplus_is_input: bool = False) -> None:
        self.cancellable = cancellable
        self.surplus_is_input = surplus_is_input
        self.cancelled = False
        self.surplus: list[bytes] = []
        self.ended = False
        self._parts: list[bytes] = []

    @property
    def payload(self) -> bytes:
        """What has been taken."""
        return b"".join(self._parts)

    def take(self, data: bytes) -> None:
        """Take what has arrived; what is too much goes to `surplus`."""
        if not self.ended:
            data = self.consume(data)
        if data:
            self.surplus.append(data)

    def cancel(self) -> None:
        """`+++` was found."""
        self.cancelled = True
        self.ended = True

    def release(self) -> None:
        """Its command is over, or the boot that had it: it takes nothing more."""
        self.ended = True

    @abstractmethod
    def consume(self, data: bytes) -> bytes:
        """Keep what belongs to the payload, set `ended` when it is complete; returns the rest."""


class CountedEntry(DataEntry):
    """Exactly `count` bytes, raw."""

    def __init__(self, count: int, *, cancellable: bool = True, surplus_is_input: bool = False) -> None:
        super().__init__(cancellable=cancellable, surplus_is_input=surplus_is_input)
        self._missing = count

    def consume(self, data: bytes) -> bytes:
        part, rest = data[: self._missing], data[self._missing :]
        self._parts.append(part)
        self._missing -= len(part)
        if not self._missing:
            self.ended = True
        return rest


class EscapedEntry(DataEntry):
    r"""Up to `count` bytes as typed, or as far as the two characters `\0`; `\x` stands for `x` otherwise.

    The count is of the bytes as typed; no document says so, nor that it is otherwise.
    """

    def __init__(self, count: int) -> None:
        super().__init__()
        self._missing = count
        self._escaping = False

    def consume(self, data: bytes) -> bytes:
        plain = bytearray()
        at = 0
        for at, byte in enumerate(data[: self._missing], 1):  # noqa: B007  (`at` is how far we came)
            if self._escaping:
                self._escaping = False
                if byte == 0x30:  # backslash zero
                    self.ended = True
                    break
                plain.append(byte)
            elif byte == 0x5C:
                self._escaping = True
            else:
                plain.append(byte)
        self._missing -= at
        self._parts.append(bytes(plain))
        if not self._missing:
            self.ended = True
        return data[at:]
