"""The flash of one module: its partitions, the settings, the manufacturing data, the applications, and the file that
keeps it all."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Final, NamedTuple

from espat.core.input_file import read_file
from espat.persist.chip.flash import SECTOR_SIZE, FlashChip, FlashRegion, sectors_of
from espat.persist.chip.image_file import FlashFileError, Image, ImageCopy, create_image, open_image
from espat.persist.factory import ManufacturingPartition, manufacturing_image
from espat.persist.nvs.page import NvsDamagedError
from espat.persist.nvs_settings import DividedSettings, NvsSettings
from espat.persist.ota import Applications, application_head
from espat.persist.partitions import (
    APP,
    CUSTOM,
    DATA,
    NVS,
    OTA_DATA,
    TABLE_OFFSET,
    TABLE_SIZE,
    Partition,
    PartitionTable,
    PartitionTableError,
    parse_table,
)
from espat.persist.variants import VARIANTS, Variant

MANUFACTURING_NVS: Final = "mfg_nvs"
DEFAULT_VARIANT: Final = next(iter(VARIANTS.values()))

log = logging.getLogger(__name__)


class Application(NamedTuple):
    """What the description of an application says; by default that of the released firmware. `compiled`:
    `<Mon dd yyyy> <hh:mm:ss>`."""

    version: bytes = b"v5.0.0.0"
    sdk: bytes = b"v5.4"
    compiled: bytes = b"Nov 17 2025 09:58:48"


DEFAULT_APPLICATION: Final = Application()


class FactoryImage(Mapping[int, bytes]):
    """The sectors of a new module by number, those that are not erased; made when somebody looks at them."""

    def __init__(self, variant: Variant, application: Application) -> None:
        self._variant = variant
        self._application = application

    @cached_property
    def _front(self) -> dict[int, bytes]:
        """The tables and the application."""
        variant = self._variant
        if variant.fixed:
            return {}
        content = {TABLE_OFFSET: variant.system.pack()}
        for partition in variant.system:
            if partition.type == CUSTOM:
                content[partition.offset] = variant.user.pack()
        first = next(partition for partition in variant.system if partition.type == APP)
        content[first.offset] = application_head(*self._application)
        return sectors_of(content)

    @cached_property
    def _manufacturing(self) -> dict[int, bytes]:
        partition = self._variant.user.find(MANUFACTURING_NVS)
        if partition is None:
            return {}
        return sectors_of({partition.offset: manufacturing_image(self._variant, partition.size)})

    def is_manufacturing(self, number: int) -> bool:
        """Whether a sector belongs to the manufacturing data."""
        partition = self._variant.user.find(MANUFACTURING_NVS)
        return partition is not None and 0 <= number * SECTOR_SIZE - partition.offset < partition.size

    def __getitem__(self, number: int) -> bytes:
        return (self._manufacturing if self.is_manufacturing(number) else self._front)[number]

    def __iter__(self) -> Iterator[int]:
        return iter({**self._front, **self._manufacturing})

    def __len__(self) -> int:
        return len(self._front) + len(self._manufacturing)


@cache
def factory_image(variant: Variant, application: Application) -> FactoryImage:
    """The one image that all new modules of a kind share."""
    return FactoryImage(variant, application)


class Storage:
    """The flash of one module. `file`: where it is kept; None: nowhere."""

    def __init__(
        self,
        variant: Variant = DEFAULT_VARIANT,
        application: Application = DEFAULT_APPLICATION,
        file: Image | None = None,
    ) -> None:
        """Without a file, a new module of that variant. Raises PartitionTableError, NvsDamagedError."""
        self.variant = variant
        self.file = file
        if file is None:
            self.chip = FlashChip(variant.size, factory_image(variant, application))
        else:
            self.chip = FlashChip(file.size, medium=file)
        self.system, self.user = variant.system, variant.user
        if file is not None and not variant.fixed:
            self.system = parse_table(self.chip.read(TABLE_OFFSET, TABLE_SIZE), file.size)
            self.user = _user_table(self.chip, self.system)
        self.parameters = self._settings_by_partition()
        """Where settings are, by the name of the partition; the first has what no other has."""
        self.settings = next(iter(self.parameters.values()))
        self.manufacturing = ManufacturingPartition(self._part(self.user.find(MANUFACTURING_NVS)), variant)
        self.applications = Applications(
            self.chip,
            [partition for partition in self.system if partition.type == APP],
            self._part(self.system.of_kind(DATA, OTA_DATA)),
        )

    @property
    def holders(self) -> dict[str, NvsSettings | ManufacturingPartition]:
        """Everything that has stored values, by the name of its partition."""
        return {**self.parameters, MANUFACTURING_NVS: self.manufacturing}

    def place_of(self, namespace: str) -> str:
        """The name of the partition that has the settings of a namespace."""
        return next(
            (name for name, namespaces in self.variant.elsewhere if namespace in namespaces),
            next(iter(self.parameters)),
        )

    def _settings_by_partition(self) -> dict[str, NvsSettings]:
        """Raises PartitionTableError."""
        variant = self.variant
        nvs = self.system.find(variant.settings) if variant.fixed else self.system.of_kind(DATA, NVS)
        if nvs is None:
            raise PartitionTableError("there is no partition of the type nvs")
        if not variant.elsewhere:
            return {nvs.name: NvsSettings(self.region(nvs))}
        others: dict[str, NvsSettings] = {}
        elsewhere: dict[str, NvsSettings] = {}
        for name, namespaces in variant.elsewhere:
            partition = self.system.find(name)
            assert partition is not None
            others[name] = NvsSettings(self.region(partition))
            elsewhere |= dict.fromkeys(namespaces, others[name])
        return {nvs.name: DividedSettings(self.region(nvs), elsewhere), **others}

    def region(self, partition: Partition) -> FlashRegion:
        """What a partition covers."""
        return FlashRegion(self.chip, partition.offset, partition.size)

    def find(self, name: str) -> Partition | None:
        """A partition of the user's table or, behind it, of the system's; None when there is none of that name."""
        return self.user.find(name) or self.system.find(name)

    def changed(self, partition: Partition) -> None:
        """A partition has been written to as a whole."""
        if partition.name == MANUFACTURING_NVS:
            self.manufacturing.forget()

    def power_on(self) -> None:
        """The power is there: what a loss of it has broken off is seen as it is."""
        if self.chip.power_on():
            self.settings.forget()
            self.manufacturing.forget()

    def close(self) -> None:
        """Let others have the file."""
        if self.file is not None:
            self.file.close()

    def _part(self, partition: Partition | None) -> FlashRegion | None:
        return None if partition is None else self.region(partition)


def open_storage(
    path: Path,
    variant: Variant | None = None,
    application: Application = DEFAULT_APPLICATION,
    variants: Sequence[Variant] = tuple(VARIANTS.values()),
) -> Storage:
    """The flash in a file, which is made when it does not exist. `variant`: what a new one is; the flash that is there
    has to be divided in the same way. `variants`: which there may be otherwise, a new one is the first of them.

    A damaged one is kept under another name, and the module starts with a new one; if only the manufacturing data are
    damaged, with everything else of the old one. Raises FlashFileError.
    """
    file = open_image(path)
    if file is None:
        return _new_storage(path, variant or variants[0], application, {})
    wanted = [variant] if variant is not None else variants
    try:
        _check_size(path, file.size, wanted)
    except FlashFileError:
        file.close()
        raise
    file.close_to_others()
    fresh = next(each for each in wanted if each.size == file.size)
    kept: dict[int, bytes] = {}
    try:
        storage = Storage(fresh, application, file)
        damaged = damaged_partitions(storage)
        if not damaged:
            _check_variant(path, storage, variant)
            return storage
        found = "; ".join(damaged.values())
        if MANUFACTURING_NVS in damaged:
            kept = sectors_of({0: file.read(0, file.size)}) if len(damaged) == 1 else {}
        else:
            name = storage.manufacturing.parameters().module_name
            fresh = next((each for each in wanted if each.name == name), fresh)
    except PartitionTableError as error:
        found = str(error)
    aside = file.set_aside()
    log.error("%s: damaged: %s; kept as %s, and the module starts with a new one", path, found, aside)
    return _new_storage(path, fresh, application, kept)


def copy_storage(
    path: Path,
    variant: Variant | None = None,
    application: Application = DEFAULT_APPLICATION,
    variants: Sequence[Variant] = tuple(VARIANTS.values()),
) -> Storage:
    """What a flash file holds, in memory: the file stays as it is, whoever uses it. `variant`, `variants`: as of
    `open_storage`. Raises FlashFileError, for a damaged one too."""
    wanted = [variant] if variant is not None else variants
    try:
        if not path.is_file():
            raise FlashFileError(f"{path}: expected a flash image, got no file")
        _check_size(path, path.stat().st_size, wanted)
        content = read_file(path, max(each.size for each in wanted))
    except OSError as error:
        raise FlashFileError(f"{path}: {error.strerror}") from None
    try:
        fresh = next(each for each in wanted if each.size == len(content))
        storage = Storage(fresh, application, ImageCopy(content))
    except PartitionTableError as error:
        raise FlashFileError(f"{path}: damaged: {error}") from None
    if damaged := damaged_partitions(storage):
        raise FlashFileError(f"{path}: damaged: {'; '.join(damaged.values())}")
    _check_variant(path, storage, variant)
    return storage


def _check_size(path: Path, size: int, variants: Sequence[Variant]) -> None:
    """Raises FlashFileError when the flash of none of them is of so many bytes."""
    if size not in [each.size for each in variants]:
        sizes = " or ".join(str(each) for each in dict.fromkeys(each.size for each in variants))
        raise FlashFileError(f"{path}: expected a flash image of {sizes} bytes, got {size}")


def _check_variant(path: Path, storage: Storage, variant: Variant | None) -> None:
    """Raises FlashFileError, with the file closed, when the flash is that of another module."""
    name = storage.manufacturing.parameters().module_name
    if variant is not None and name != variant.name and name in [each.name for each in VARIANTS.values()]:
        storage.close()
        raise FlashFileError(f"{path}: expected the flash of {variant.name}, got that of {name}")


def damaged_partitions(storage: Storage) -> dict[str, str]:
    """What cannot be read of a flash: what is wrong, by partition."""
    damaged = {}
    for name, holder in storage.holders.items():
        try:
            holder.check()
        except NvsDamagedError as error:
            damaged[name] = f"partition {name}, {error}"
    return damaged


def _new_storage(path: Path, variant: Variant, application: Application, kept: Mapping[int, bytes]) -> Storage:
    """`kept`: what it takes over from another one, which is all but the manufacturing data."""
    factory = factory_image(variant, application)
    sectors = dict(factory)
    if kept:
        sectors = {number: data for number, data in kept.items() if not factory.is_manufacturing(number)}
        sectors |= {number: data for number, data in factory.items() if factory.is_manufacturing(number)}
    return Storage(variant, application, create_image(path, variant.size, sectors))


def _user_table(chip: FlashChip, system: PartitionTable) -> PartitionTable:
    """The table at the start of the partition for custom partitions; an empty one where there is none."""
    custom = next((partition for partition in system if partition.type == CUSTOM), None)
    if custom is None:
        return PartitionTable(())
    raw = chip.read(custom.offset, TABLE_SIZE)
    return parse_table(raw, chip.size) if raw[:2] != b"\xff\xff" else PartitionTable(())
