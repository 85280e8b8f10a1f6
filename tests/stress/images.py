"""Flash images that nobody's firmware has written: modules boot from them and answer, whatever they hold.

Values of any type and size where the firmware looks, and pages with bits and bytes changed, by a seed.
`python -m tests.stress.images 1 1000` plays the seeds 1 to 1000 and tells of those that find something.
"""

import gc
import logging
import sys
import traceback
from contextlib import suppress
from random import Random
from typing import Final

import trio
from trio.testing import wait_all_tasks_blocked

from espat.core.at.engine import Engine
from espat.core.at.machine import State
from espat.core.ports.port import MemoryPort
from espat.core.time.clock import SteppedClock
from espat.dialects.loading import load_firmware
from espat.dialects.names import RUNNABLE, variants_of
from espat.persist.factory import PARAMETERS
from espat.persist.nvs.entry import Type
from espat.persist.nvs.page import NvsDamagedError
from espat.persist.nvs.partition import NvsFullError, NvsPartition, NvsValueError
from espat.persist.partitions import PartitionTableError
from espat.persist.storage import MANUFACTURING_NVS, Storage, damaged_partitions
from espat.persist.stored_values import STORED
from espat.scenario.stage.running_world import RunningWorld
from tests.stress.handling import Panics
from tests.stress.lines import command_line
from tests.stress.surroundings import WORLD

COMMANDS: Final = 40
NUMBERS: Final = (0, 1, 2, 3, 4, 5, 7, 9, 13, 14, 77, 127, 128, 255, 256, 65535, 65536, 2**31 - 1, 2**31, 2**63 - 1)
BYTES: Final = (
    *(b"", b"\0", b"not-an-ip", b"192.168.4.1", b"255.255.255.255", b"0.0.0.0", b"255.255.255.0", b"10.0.0.1"),
    *(b"TCP", b"UDP", b"SSL", b"near.example", b".", b"a" * 64, b"\xff" * 32, b"\xff\xff\xff\xff\xff\xff", b"C" * 300),
    *(b"a..b", b"\xe4", b"255.255.0.255", b"127.0.0.1", b"224.0.0.1", b"fe80::1", b"CN", b"wlan"),
)
INTEGERS: Final = (Type.U8, Type.I8, Type.U16, Type.I16, Type.U32, Type.I32, Type.U64, Type.I64)
FACTORY: Final = (
    *("version", "module_name", "max_tx_power", "country_code", "start_channel", "channel_num", "uart_port"),
    *("uart_baudrate", "uart_tx_pin", "uart_rx_pin", "uart_cts_pin", "uart_rts_pin", "sys_store"),
)


def craft(storage: Storage, random: Random) -> None:
    """Put what nobody's firmware writes into a flash."""
    for namespace, key in random.sample(sorted(STORED), random.randrange(1, len(STORED))):
        _put(storage.parameters[storage.place_of(namespace)].partition, namespace, key, random)
    factory = storage.manufacturing.partition
    if factory is not None and random.random() < 0.5:
        for key in random.sample(FACTORY, random.randrange(1, len(FACTORY))):
            _put(factory, PARAMETERS, key, random)
    if random.random() < 0.3:
        for _ in range(random.choice((1, 3, 30))):
            holder = random.choice([*storage.parameters, MANUFACTURING_NVS])
            partition = storage.find(holder)
            if partition is not None:
                offset = random.randrange(partition.size - 8)
                storage.region(partition).program(offset, random.randbytes(random.choice((1, 2, 8))))
        storage.settings.forget()
        storage.manufacturing.forget()


def _put(partition: NvsPartition, namespace: str, key: str, random: Random) -> None:
    with suppress(NvsValueError, NvsFullError):
        if random.random() < 0.5:
            number = random.choice(NUMBERS) * random.choice((1, 1, 1, -1))
            partition.write(namespace, key, random.choice(INTEGERS), number)
        else:
            partition.write(namespace, key, random.choice((Type.BLOB, Type.STRING)), random.choice(BYTES))


async def boot_from(seed: int, dialect: str) -> str:
    """Boot a module from an image of that seed, and have it answer. Returns what has come of the image. Raises
    RoughHandlingError."""
    random = Random(seed)
    variant = random.choice(list(variants_of(dialect).values()))
    try:
        storage = Storage(variant)
        craft(storage, random)
    except (NvsDamagedError, PartitionTableError):
        return "damaged while it was made"
    if damaged_partitions(storage):
        return "refused"
    clock = SteppedClock()
    port = MemoryPort(now=clock.now, move_on_after=clock.move_on_after)
    with Panics().watched():
        async with trio.open_nursery() as nursery:
            simulation = RunningWorld(WORLD, clock)
            module = simulation.add_module(load_firmware(dialect), port, storage)
            nursery.start_soon(simulation.run)
            await _pass(clock, 5.0)
            for _ in range(COMMANDS):
                port.send(command_line(random, dialect, module) + b"\r\n")
                await _pass(clock, random.choice((0.02, 1.0, 30.0)))
                if random.random() < 0.05:
                    module.reset()
                    await _pass(clock, 5.0)
                port.read()
            for line in (b"+++", b"AT+RESTORE\r\n", b"AT+CIPSTA?\r\n", b"AT+CIPAP?\r\n", b"AT+CWMODE?\r\n"):
                port.send(line)
                await _pass(clock, 1200.0)
            port.read()
            for _ in range(3):
                port.send(b"AT\r\n")
                await _pass(clock, 5.0)
            answered = b"OK" in port.read() or module[Engine].want.state is not State.COMMAND
            assert answered, "it does not answer any more"
            nursery.cancel_scope.cancel()
    return "booted"


async def _pass(clock: SteppedClock, seconds: float) -> None:
    await wait_all_tasks_blocked()
    await clock.advance(seconds)
    await wait_all_tasks_blocked()


def main(first: int, last: int) -> int:
    """Play the seeds; returns how many have found something."""
    logging.getLogger("espat").setLevel(logging.CRITICAL)  # what it says of each value
    found = 0
    for seed in range(first, last + 1):
        for dialect in RUNNABLE:
            try:
                trio.run(boot_from, seed, dialect)
            except Exception:
                found += 1
                print(f"seed {seed}, {dialect}:")
                traceback.print_exc()
        gc.collect()
    print(f"{last - first + 1} seeds, {len(RUNNABLE)} firmwares each: {found} found something")
    return found


if __name__ == "__main__":
    sys.exit(1 if main(int(sys.argv[1]), int(sys.argv[2])) else 0)
