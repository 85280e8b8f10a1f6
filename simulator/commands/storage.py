"""The flash: user partitions, manufacturing data, the other application (ESP-AT User Guide, AT+SYSFLASH, AT+SYSMFG,
AT+SYSROLLBACK)."""

from typing import Annotated, Any, Final

from espat.core.at.answers import BARE_PROMPT, Line, Unterminated
from espat.core.at.arguments import UNSIGNED_32, OneOf, Range, Text
from espat.core.at.data_entry import CountedEntry
from espat.core.at.engine import Engine
from espat.core.at.errors import CommandError, failed
from espat.core.at.grammar import Form, Parameter
from espat.core.at.registry import Choice, CommandTable
from espat.core.at.system_log import SystemLog
from espat.core.restart import Restart
from espat.module import Module
from espat.persist.chip.flash import SECTOR_SIZE
from espat.persist.factory import FactoryParameters
from espat.persist.nvs.entry import KEY_LIMIT, Type
from espat.persist.nvs.partition import NvsFullError, NvsPartition, NvsValueError
from espat.persist.partitions import NAME_LIMIT, Partition
from espat.persist.storage import Storage

table = CommandTable()

ERASE: Final = 0
FLASH_WRITE, FLASH_READ = 1, 2
MANUFACTURING_READ, MANUFACTURING_WRITE = 1, 2
UNKNOWN_PARTITION, ERASE_FAILED, WRITE_FAILED, READ_FAILED = range(4)
"""Extensions of the error code of AT+SYSFLASH. The firmware has four of them; which is which is an inference from the
order of its texts."""
MOST_BUFFERED: Final = 0x20000
"""Bytes of one write: they wait in RAM, of which there is no more. No document names the limit."""
ANY_MEMORY: Final = 0x1000
"""What `malloc` asks for (ESP-IDF, MALLOC_CAP_DEFAULT)."""
NUMBERS: Final = {1: Type.U8, 2: Type.I8, 3: Type.U16, 4: Type.I16, 5: Type.U32, 6: Type.I32}
TYPES: Final = {**NUMBERS, 7: Type.STRING, 8: Type.BLOB}
"""The types of AT+SYSMFG, by their numbers."""
TYPE_NUMBERS: Final = {kind: number for number, kind in TYPES.items()}
UNKNOWN_VERSION: Final = b"unknown"

PartitionName = Annotated[bytes, Text(NAME_LIMIT, 1)]
Offset = Annotated[int, Range(0, UNSIGNED_32)]
Length = Annotated[int, Range(0, UNSIGNED_32)]
Name = Annotated[bytes, Text(KEY_LIMIT, 1)]


def _is(number: int, *counts: int) -> Choice:
    """Choose a signature by the first parameter and, if counts are given, by how many parameters there are."""

    def choose(module: Any, parameters: tuple[Parameter, ...]) -> bool:
        return parameters[0] == number and (not counts or len(parameters) in counts)

    return choose


# AT+SYSFLASH


@table.command("AT+SYSFLASH", Form.QUERY)
def partitions(module: Module) -> list[Line]:
    """AT+SYSFLASH?: the user partitions."""
    return [
        Line(b'+SYSFLASH:"%b",%d,%d,0x%x,0x%x' % (each.name.encode(), each.type, each.subtype, each.offset, each.size))
        for each in module[Storage].user
    ]


@table.command("AT+SYSFLASH", Form.SET, when=_is(ERASE))
def erase_partition(
    module: Module,
    operation: Annotated[int, OneOf(ERASE)],
    name: PartitionName,
    offset: Annotated[int | None, Range(0, UNSIGNED_32)] = None,
    length: Annotated[int | None, Range(0, UNSIGNED_32)] = None,
) -> None:
    """AT+SYSFLASH=0: erase whole sectors, or all of the partition when neither offset nor length is given."""
    partition = _partition(module, name)
    if offset is None and length is None:
        offset, length = 0, partition.size
    if offset is None or length is None or offset % SECTOR_SIZE or length % SECTOR_SIZE:
        raise failed(ERASE_FAILED)
    _need_inside(partition, offset, length, ERASE_FAILED)
    module[Storage].region(partition).erase(offset, length)
    module[Storage].changed(partition)


@table.command("AT+SYSFLASH", Form.SET, when=_is(FLASH_WRITE))
async def write_partition(
    module: Module, operation: Annotated[int, OneOf(FLASH_WRITE)], name: PartitionName, offset: Offset, length: Length
) -> None:
    """AT+SYSFLASH=1: take the data behind a bare `>`. Flash clears bits and never sets any: erase it before."""
    partition = _partition(module, name)
    _need_inside(partition, offset, length, WRITE_FAILED)
    if length == 0 or not _has_memory(module, length):
        raise failed(WRITE_FAILED)
    data = await module[Engine].data_entry(
        CountedEntry(length, cancellable=False, surplus_is_input=True), prompt=BARE_PROMPT
    )
    module[Storage].region(partition).program(offset, data)
    module[Storage].changed(partition)


@table.command("AT+SYSFLASH", Form.SET)
def read_partition(
    module: Module, operation: Annotated[int, OneOf(FLASH_READ)], name: PartitionName, offset: Offset, length: Length
) -> Unterminated:
    """AT+SYSFLASH=2: the raw data, with nothing behind it."""
    partition = _partition(module, name)
    _need_inside(partition, offset, length, READ_FAILED)
    data = module[Storage].region(partition).read(offset, length)
    return Unterminated(b"+SYSFLASH:%d,%b" % (length, data), private=True)


def _partition(module: Module, name: bytes) -> Partition:
    partition = module[Storage].user.find(name.decode("latin-1"))
    if partition is None:
        raise failed(UNKNOWN_PARTITION)
    return partition


def _need_inside(partition: Partition, offset: int, length: int, error: int) -> None:
    if offset + length > partition.size:
        raise failed(error)


# AT+SYSMFG


@table.command("AT+SYSMFG", Form.QUERY)
def namespaces(module: Module) -> list[Line]:
    """AT+SYSMFG?: the namespaces."""
    return [Line(b'+SYSMFG:"%b"' % name.encode()) for name in _manufacturing(module).namespaces]


@table.command("AT+SYSMFG", Form.SET, when=_is(MANUFACTURING_READ, 1))
def list_namespaces(module: Module, operation: Annotated[int, OneOf(MANUFACTURING_READ)]) -> list[Line]:
    """AT+SYSMFG=1: as AT+SYSMFG?."""
    return namespaces(module)


@table.command("AT+SYSMFG", Form.SET, when=_is(MANUFACTURING_READ, 2))
def list_keys(module: Module, operation: Annotated[int, OneOf(MANUFACTURING_READ)], namespace: Name) -> list[Line]:
    """AT+SYSMFG=1,<namespace>: its keys, with their types. Types that AT+SYSMFG does not know are left out."""
    keys = _manufacturing(module).keys(namespace.decode("latin-1"))
    if not keys:
        raise CommandError
    return [
        Line(b'+SYSMFG:"%b","%b",%d' % (namespace, key.encode(), TYPE_NUMBERS[kind]))
        for key, kind in keys
        if kind in TYPE_NUMBERS
    ]


@table.command("AT+SYSMFG", Form.SET, when=_is(MANUFACTURING_READ))
def read_value(
    module: Module,
    operation: Annotated[int, OneOf(MANUFACTURING_READ)],
    namespace: Name,
    key: Name,
    offset: Annotated[int | None, Range(0, UNSIGNED_32)] = None,
    length: Annotated[int | None, Range(0, UNSIGNED_32)] = None,
) -> Line:
    """AT+SYSMFG=1,<namespace>,<key>: the value; of a string or blob a part of it, if that is asked for. Offset and
    length come together: they stand in one bracket."""
    if (offset is None) != (length is None):
        raise CommandError
    typed = _manufacturing(module).read(namespace.decode("latin-1"), key.decode("latin-1"))
    if typed is None or typed.type not in TYPE_NUMBERS:
        raise CommandError
    head = b'+SYSMFG:"%b","%b",%d' % (namespace, key, TYPE_NUMBERS[typed.type])
    value = typed.value
    if isinstance(value, int):
        return Line(b"%b,%d,%d" % (head, typed.type & 0x0F, value), private=True)
    if offset is None or length is None:
        offset, length = 0, len(value)
    if offset > len(value):
        raise CommandError
    part = value[offset : offset + length]
    return Line(b"%b,%d,%b" % (head, len(part), part), private=True)


@table.command("AT+SYSMFG", Form.SET, when=_is(ERASE))
def erase_value(
    module: Module,
    operation: Annotated[int, OneOf(ERASE)],
    namespace: Name,
    key: Annotated[bytes | None, Text(KEY_LIMIT, 1)] = None,
) -> None:
    """AT+SYSMFG=0: erase one value, or all of a namespace."""
    erased = _manufacturing(module).erase(namespace.decode("latin-1"), None if key is None else key.decode("latin-1"))
    if not erased:
        raise CommandError


@table.command("AT+SYSMFG", Form.SET)
async def write_value(
    module: Module,
    operation: Annotated[int, OneOf(MANUFACTURING_WRITE)],
    namespace: Name,
    key: Name,
    kind: Annotated[int, OneOf(*TYPES)],
    value: Annotated[int, Range(-(2**31), UNSIGNED_32)],
) -> None:
    """AT+SYSMFG=2: store a number; of a string or blob `value` is the size, and a prompt asks for it."""
    manufacturing = _manufacturing(module)
    stored: int | bytes = value
    if kind not in NUMBERS:
        if value <= 0 or not _has_memory(module, value):
            raise CommandError
        stored = await module[Engine].data_entry(CountedEntry(value, cancellable=False, surplus_is_input=True))
    try:
        manufacturing.write(namespace.decode("latin-1"), key.decode("latin-1"), TYPES[kind], stored)
    except (NvsValueError, NvsFullError):
        raise CommandError from None


def _has_memory(module: Module, size: int) -> bool:
    """Whether so many bytes can be buffered; the log tells if not."""
    if size <= MOST_BUFFERED:
        return True
    module[SystemLog].print(b"alloc failed, size:%d, caps:0x%x\r\n" % (size, ANY_MEMORY))
    return False


def _manufacturing(module: Module) -> NvsPartition:
    """The manufacturing data; refused while the factory parameters are not among them, as the firmware does then."""
    partition = module[Storage].manufacturing.partition
    if partition is None or not module[FactoryParameters].present:
        raise CommandError
    return partition


# AT+SYSROLLBACK


@table.command("AT+SYSROLLBACK", Form.QUERY)
def applications(module: Module) -> Unterminated:
    """AT+SYSROLLBACK?: address and version of the application that runs, and of the other one."""
    running, other = module[Storage].applications.running, module[Storage].applications.other
    if running is None or other is None:
        raise CommandError
    return Unterminated(
        b'+SYSROLLBACK:0x%x,"%b",0x%x,"%b"'
        % (
            running.partition.offset,
            running.version or UNKNOWN_VERSION,
            other.partition.offset,
            other.version or UNKNOWN_VERSION,
        )
    )


@table.command("AT+SYSROLLBACK", Form.EXECUTE)
def roll_back(module: Module) -> Restart:
    """AT+SYSROLLBACK: let the other application start; refused when there is none."""
    other = module[Storage].applications.other
    if other is None or other.version is None:
        raise CommandError
    module[Storage].applications.start_from(other)
    return Restart()
