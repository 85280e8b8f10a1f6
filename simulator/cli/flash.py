"""`espat flash`: look into a flash file, take partitions out of it, put others in, set single values."""

import os
import sys
from argparse import Namespace
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

from espat.cli.reasons import is_of_output, reason
from espat.core.input_file import read_file
from espat.core.output_file import open_output
from espat.core.suggestions import any_of, nearest
from espat.persist.chip.flash import SECTOR_SIZE, FlashChip, sectors_of
from espat.persist.chip.image_file import FlashFileError, ImageCopy, create_image, open_image
from espat.persist.factory import PARAMETER_RANGES, PARAMETERS, PKI_NAMESPACES
from espat.persist.nvs.entry import Type, fits
from espat.persist.nvs.page import NvsDamagedError
from espat.persist.nvs.partition import NvsFullError, NvsPartition, NvsValueError, Typed
from espat.persist.nvs_settings import INTEGER, SECRETS, TYPES
from espat.persist.partitions import CUSTOM, DATA, NVS, PartitionTableError, parse_table
from espat.persist.storage import MANUFACTURING_NVS, Storage, damaged_partitions, open_storage
from espat.persist.stored_values import STORED, right_value
from espat.persist.variants import variant_of_size

if TYPE_CHECKING:
    from argparse import ArgumentParser, _SubParsersAction

    from espat.persist.partitions import Partition

TYPE_WORDS: Final[dict[str, Type]] = {
    kind.name.lower(): kind for kind in Type if kind not in (Type.SINGLE_BLOB, Type.BLOB_CHUNK)
}
SECRET_NAMESPACES: Final = ("NVM_014",)
SECRET_ENDING: Final = "_key"
"""Namespaces of private keys end so. Passwords, the settings of enterprise Wi-Fi and private keys are secrets."""
SIZE_LIMIT: Final = 2**25
"""Bytes of a file that is read; no module has a larger flash than 16 MiB."""
SHOWN: Final = 60
"""Bytes of a value that are shown."""


def add_parser(subparsers: "_SubParsersAction[ArgumentParser]") -> None:
    """Describe the subcommand."""
    parser = subparsers.add_parser("flash", help="look into a flash file and change it")
    actions = parser.add_subparsers(title="actions", metavar="ACTION", required=True)
    show = actions.add_parser("show", help="partitions, applications and stored values")
    show.add_argument("file", metavar="FILE", type=Path, help="a file of espat run --flash")
    show.add_argument("--secrets", action="store_true", help="show passwords and private keys too")
    show.set_defaults(action=_show)
    export = actions.add_parser("export", help="write a partition into a file of its own")
    export.add_argument("file", metavar="FILE", type=Path)
    export.add_argument("partition", metavar="PARTITION", help="its name, such as mfg_nvs")
    export.add_argument("out", metavar="OUT", type=Path)
    export.set_defaults(action=_export)
    import_ = actions.add_parser("import", help="replace a partition by the content of a file")
    import_.add_argument("file", metavar="FILE", type=Path, help="it is made when it does not exist")
    import_.add_argument("partition", metavar="PARTITION")
    import_.add_argument("source", metavar="IN", type=Path, help="such as mfg_nvs.bin of Espressif's tools")
    import_.set_defaults(action=_import)
    set_ = actions.add_parser("set", help="set one value")
    set_.add_argument("file", metavar="FILE", type=Path, help="it is made when it does not exist")
    set_.add_argument("namespace", metavar="NAMESPACE")
    set_.add_argument("key", metavar="KEY")
    set_.add_argument("value", metavar="VALUE", help="a number or a text; @PATH is the content of a file")
    set_.add_argument("--type", choices=TYPE_WORDS, help="of a value that is not there yet")
    set_.add_argument(
        "--partition", help=f"{MANUFACTURING_NVS} when it has the namespace, that of the settings when it has not"
    )
    set_.set_defaults(action=_set)
    parser.set_defaults(main=main)


def main(options: Namespace) -> int:
    """Do it. Returns 0, or 2 when a file or a name is wrong."""
    try:
        options.action(options)
    except (OSError, ValueError, FlashFileError, PartitionTableError, NvsFullError) as error:
        if is_of_output(error):
            raise
        print(f"espat: {_reason(error)}", file=sys.stderr)
        return 2
    return 0


def _reason(error: Exception) -> str:
    if isinstance(error, NvsFullError):
        return "there is no room for the value"
    return reason(error)


# show


def _show(options: Namespace) -> None:
    storage = _copy(options.file)
    damaged = damaged_partitions(storage)
    print(f"{options.file}: {storage.manufacturing.parameters().module_name}, {storage.chip.size} bytes")
    print("\npartitions")
    for partition in (*storage.system, *storage.user):
        name, kind, subtype, offset, size, _ = partition
        print(f"  {name:16} type 0x{kind:02x}, 0x{subtype:02x}  at 0x{offset:06x}, 0x{size:06x} bytes")
    print("\napplications")
    for slot in (storage.applications.running, storage.applications.other):
        if slot is not None:
            starts = ", starts" if slot == storage.applications.running else ""
            version = slot.version.decode("latin-1") if slot.version is not None else "none"
            print(f"  {slot.partition.name:16} {version}{starts}")
    for name, holder in storage.holders.items():
        values = None if name in damaged else holder.partition
        print(f"\n{name}")
        if values is not None:
            for line in _lines(values, secrets=options.secrets):
                print(f"  {line}")
        elif name in damaged:
            print(f"  damaged: {damaged[name]}")


def _lines(values: NvsPartition, *, secrets: bool) -> Iterator[str]:
    for namespace, key, kind in values:
        typed = values.read(namespace, key)
        assert typed is not None
        text = _value_text(typed) if secrets or not _is_secret(namespace, key) else "(--secrets shows it)"
        yield f"{namespace:16} {key:16} {kind.name.lower():6} {text}"


def _is_secret(namespace: str, key: str) -> bool:
    return (namespace, key) in SECRETS or namespace in SECRET_NAMESPACES or namespace.endswith(SECRET_ENDING)


def _value_text(typed: Typed) -> str:
    value = typed.value
    if isinstance(value, int):
        return str(value)
    more = f" and so on, {len(value)} bytes" if len(value) > SHOWN else ""
    begin = value[:SHOWN]
    return (f"{begin!r}"[1:] if begin.isascii() and b"\x00" not in begin else begin.hex(" ")) + more


# export, import


def _export(options: Namespace) -> None:
    storage = _copy(options.file)
    partition = _find(storage, options.partition)
    content = storage.region(partition).read(0, partition.size)
    with os.fdopen(open_output(options.out, [options.file]), "wb") as file:  # it may hold keys and passwords
        file.write(content)


def _import(options: Namespace) -> None:
    content = read_file(options.source, SIZE_LIMIT)
    open_storage(options.file).close()  # makes it, or looks whether it is right
    file = open_image(options.file)
    assert file is not None
    with closing(file):
        storage = Storage(variant_of_size(file.size), file=ImageCopy(file.read(0, file.size)))
        partition = _find(storage, options.partition)
        _check_content(partition, content, options.source, file.size)
        # What a table says about partitions leaves what is in them alone; anything else is replaced as a whole.
        covered = -(-len(content) // SECTOR_SIZE) * SECTOR_SIZE if partition.type == CUSTOM else partition.size
        region = storage.region(partition)
        region.erase(0, covered)
        region.program(0, content)
        create_image(options.file, file.size, sectors_of({0: storage.chip.read(0, file.size)})).close()


def _check_content(partition: "Partition", content: bytes, source: Path, chip_size: int) -> None:
    """Raises ValueError for what the partition cannot hold."""
    if len(content) > partition.size:
        raise ValueError(f"{source}: expected at most {partition.size} bytes for {partition.name}, got {len(content)}")
    try:
        if partition.type == CUSTOM:
            parse_table(content, chip_size)
        elif (partition.type, partition.subtype) == (DATA, NVS):
            NvsPartition(FlashChip(partition.size, sectors_of({0: content})))
    except (PartitionTableError, NvsDamagedError) as error:
        raise ValueError(f"{source}: not for {partition.name}: {error}") from None


# set


def _set(options: Namespace) -> None:
    with closing(open_storage(options.file)) as storage:
        _set_in(storage, options)


def _set_in(storage: Storage, options: Namespace) -> None:
    manufacturing = storage.manufacturing.partition
    of_manufacturing = manufacturing is not None and options.namespace in manufacturing.namespaces
    name = options.partition or (MANUFACTURING_NVS if of_manufacturing else storage.place_of(options.namespace))
    if name in storage.parameters:
        values = storage.parameters[name].partition
    elif name == MANUFACTURING_NVS and manufacturing is not None:
        values = manufacturing
    else:
        right = " or ".join((*storage.parameters, *([MANUFACTURING_NVS] if manufacturing is not None else [])))
        raise ValueError(f"--partition: expected {right}, got {name!r}")
    before = values.read(options.namespace, options.key)
    kind = TYPE_WORDS[options.type] if options.type is not None else None
    known = (options.namespace, options.key) in STORED and name in storage.parameters
    if before is None and kind is None and manufacturing is not None and not known:
        _check_name(options.namespace, options.key, manufacturing)
    if kind is None:
        kind = before.type if before is not None else _usual_type(options, name)
    try:
        value = _value(options.value, kind)
        if name == MANUFACTURING_NVS and options.namespace == PARAMETERS:
            _check_parameter(options.key, value)
        elif known and fits(kind, value) and (wanted := right_value(options.namespace, options.key, value)) is not None:
            raise NvsValueError(f"expected {wanted}, got {options.value!r}")
        values.write(options.namespace, options.key, kind, value)
    except NvsValueError as error:
        raise ValueError(f"{options.namespace} {options.key}: {error}") from None


def _check_name(namespace: str, key: str, manufacturing: NvsPartition) -> None:
    """Raises ValueError for a new value that looks like a slip of the pen in the name of one that the firmware reads.
    With `--type` it is meant."""
    right = None
    if namespace not in (PARAMETERS, *PKI_NAMESPACES):
        right = nearest(namespace, (PARAMETERS, *PKI_NAMESPACES), 0.8)
    elif namespace == PARAMETERS:
        keys = [each for space, each, _ in manufacturing if space == PARAMETERS]
        right = f"{PARAMETERS} {nearest(key, keys) or f'with {any_of(keys)}'}"
    if right is not None:
        raise ValueError(f"unknown value '{namespace} {key}' (did you mean {right}?); --type makes a new value")


def _check_parameter(key: str, value: int | bytes) -> None:
    """Raises NvsValueError for a number that the documents do not allow."""
    limits = PARAMETER_RANGES.get(key)
    if limits is not None and isinstance(value, int) and not limits[0] <= value <= limits[1]:
        raise NvsValueError(f"expected {limits[0]} to {limits[1]}, got {value}")


def _usual_type(options: Namespace, partition: str) -> Type:
    """The type of a value that is not there yet."""
    known = TYPES.get((options.namespace, options.key))
    if known is not None:
        return known
    values = STORED.get((options.namespace, options.key))
    if values is not None and partition != MANUFACTURING_NVS:
        return INTEGER if values.of_numbers else Type.BLOB
    if options.value.lstrip("-").isdigit():
        return INTEGER
    return Type.BLOB if partition != MANUFACTURING_NVS or options.value.startswith("@") else Type.STRING


def _value(text: str, kind: Type) -> int | bytes:
    if kind in (Type.STRING, Type.BLOB):
        return read_file(Path(text[1:]), SIZE_LIMIT) if text.startswith("@") else os.fsencode(text)
    try:
        return int(text, 0)
    except ValueError:
        raise NvsValueError(f"expected a number, got {text!r}") from None


# What all of them need


def _copy(path: Path) -> Storage:
    """The flash in a file, as it is now; a module may go on using it. Raises OSError, PartitionTableError."""
    content = read_file(path, SIZE_LIMIT)
    try:
        return Storage(variant_of_size(len(content)), file=ImageCopy(content))
    except PartitionTableError as error:
        raise PartitionTableError(f"{path}: {error}") from None
    except ValueError:
        raise ValueError(f"{path}: expected a flash image, got {len(content)} bytes") from None


def _find(storage: Storage, name: str) -> "Partition":
    partition = storage.find(name)
    if partition is None:
        names = ", ".join(each.name for each in (*storage.system, *storage.user))
        raise ValueError(f"expected a partition, one of {names}, got {name!r}")
    return partition
