"""Who is around on a stage besides the modules: the clients at their ports, and the hosts that a scenario plays."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from espat.core.ports.port import MemoryPort
from espat.scenario.hosts.bridge import Bridge
from espat.scenario.hosts.memory_reach import MemoryReach
from espat.scenario.hosts.module_ports import ModulePorts
from espat.scenario.hosts.peers import Peer, Reach
from espat.scenario.stage.flash_files import open_flash_files
from espat.scenario.stage.matching import Printed
from espat.scenario.stage.options import StageOptions
from espat.scenario.stage.resources import Resources
from espat.scenario.stage.stage import Stage, open_stage
from espat.scenario.stage.terminal import MemoryTerminal, Terminal, open_device
from espat.scenario.text.variables import Variables
from espat.scenario.world.peers import PeerConfiguration
from espat.scenario.world.world import HostConfiguration, World
from espat.stack.address import parse_address

BEYOND: Final = "203.0.113.{}"
"""Addresses of hosts in memory that have a name only (RFC 5737)."""


@asynccontextmanager
async def open_played_stage(
    options: StageOptions,
    world: World,
    names: Sequence[str],
    *,
    copies: bool = False,
    peers: Sequence[PeerConfiguration] = (),
    variables: Variables | None = None,
    tolerated: Sequence[str] = (),
    ended: Callable[[int], None] = lambda code: None,
) -> AsyncIterator[Stage]:
    """A stage with everybody who is around, its modules switched on but perhaps not booted yet. `copies`: flash files
    are read, and stay as they are. `tolerated`: lines that modules may print anywhere. `ended`: is told the exit code
    of a program at a port. Raises FlashFileError, PeerError, PortError, OSError."""
    storages = open_flash_files(world.modules, copies=copies)
    flash_files = [Path(module.flash) for module in world.modules if module.flash is not None]
    options = options._replace(inputs=(*options.inputs, *flash_files))
    with Resources(options, storages) as resources:
        async with open_stage(world, names, resources, variables=variables, ended=ended) as stage:
            stage.module_ports = ModulePorts(stage.clock, stage.patience.step)
            stage.announced.append(stage.module_ports.announced)
            _add_peers(stage, peers)
            _add_clients(stage, tolerated)
            stage.start()
            yield stage


def peer_of(stage: Stage, name: str) -> Peer:
    """A host that the scenario plays itself, or one of the world by its name or address. Raises MismatchError."""
    if name not in stage.peers:
        host = stage.host(name, "peer")
        stage.peers[name] = Peer(PeerConfiguration(name), host, MemoryReach(host))
    return stage.peers[name]


def _add_peers(stage: Stage, peers: Sequence[PeerConfiguration]) -> None:
    """Peers as hosts of the simulation; those that have a name only get an address. Where they are reached by sockets
    of this machine, they are on no network in memory. Raises PeerError."""
    simulation = stage.simulation
    ports = stage.module_ports
    for number, configuration in enumerate(peers, 1):
        reach: Reach
        if stage.options.sockets:
            host = simulation.add_host(HostConfiguration())
            reach = Bridge(configuration, host, simulation.spawn, ports.find, simulation.host_map.add)
            stage.exits.callback(reach.close)
        else:
            address = configuration.address or (BEYOND.format(number) if configuration.host else "")
            host = simulation.add_host(HostConfiguration(parse_address(address), configuration.host))
            reach = MemoryReach(host)
        stage.peers[configuration.name] = Peer(configuration, host, reach)


def _add_clients(stage: Stage, tolerated: Sequence[str]) -> None:
    """Raises OSError."""
    for name, port in stage.ports.items() if stage.options.clients else ():
        stream = MemoryTerminal(port) if isinstance(port, MemoryPort) else open_device(stage.devices[name])
        printed = Printed(stage.variables, tolerated)
        stage.terminals[name] = Terminal(stream, printed, stage.clock, stage.patience)
