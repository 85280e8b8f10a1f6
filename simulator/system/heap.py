"""Memory (ESP-AT User Guide, AT+SYSRAM)."""

from collections.abc import Callable
from typing import Final, NamedTuple

from espat.core.boot import Boot

# What a heap region can be used for: bits of AT+SYSRAM=<caps> (ESP-IDF, heap capabilities).
EXECUTABLE: Final = 1 << 0
WORDS: Final = 1 << 1
BYTES: Final = 1 << 2
DMA: Final = 1 << 3
INTERNAL: Final = 1 << 11
DEFAULT: Final = 1 << 12


class Region(NamedTuple):
    """A part of the heap, in bytes, as a module that has just booted finds it without Wi-Fi and links."""

    capabilities: int
    total: int
    free: int
    lowest: int
    """The least that was ever free while it booted."""
    largest: int
    """The largest block that can be free."""


class HeapFigures(NamedTuple):
    """What AT+SYSRAM shows, in bytes: largest <= free <= total, minimum <= free."""

    largest: int
    free: int
    minimum: int
    total: int


DATA_REGION: Final = Region(
    WORDS | BYTES | DMA | INTERNAL | DEFAULT,
    total=292_000,
    free=186_408,
    lowest=84_044,
    largest=110_592,
)
"""This region, and what the rooms take of it, are estimates around the documented example (148408 bytes free
with Wi-Fi, 84044 at least); nothing but their relations is known."""
INSTRUCTION_REGION: Final = Region(
    EXECUTABLE | WORDS | INTERNAL,
    total=40_960,
    free=30_208,
    lowest=30_208,
    largest=30_208,
)


class HeapTraits(NamedTuple):
    """Of a chip: its regions."""

    data: Region = DATA_REGION
    instructions: Region = INSTRUCTION_REGION


class Heap:
    """How much memory is left, from what the rooms say they take of it.

    The minimum follows at every look; a peak between two of them is missed, but only one below the low of the boot
    would count.
    """

    def __init__(self, boot: Boot) -> None:
        self._data, self._instructions = boot.traits(HeapTraits)
        self._charges: list[Callable[[], int]] = []
        self._lowest = self._data.lowest

    def charge(self, taken: Callable[[], int]) -> None:
        """Count what `taken` returns, in bytes, from now on."""
        self._charges.append(taken)

    def figures(self, capabilities: int = DEFAULT) -> HeapFigures:
        """The sum over all regions that have all of `capabilities`; zeros when there is none."""
        regions = [
            region for region in (self._data_region(), self._instructions) if not capabilities & ~region.capabilities
        ]
        return HeapFigures(
            max((region.largest for region in regions), default=0),
            sum(region.free for region in regions),
            sum(region.lowest for region in regions),
            sum(region.total for region in regions),
        )

    def _data_region(self) -> Region:
        data = self._data
        free = max(0, data.free - sum(taken() for taken in self._charges))
        self._lowest = min(self._lowest, free)
        return data._replace(free=free, lowest=self._lowest, largest=min(data.largest, free))
