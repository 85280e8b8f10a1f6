"""Who is around on a stage besides the modules: the clients at their ports, and the hosts that a scenario plays."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final

from espat.core.ports.port import MemoryPort
from espat.scenario.hosts.memory_peers import MemoryPeer
from espat.scenario.hosts.module_ports import ModulePorts
from espat.scenario.hosts.peers import Peer
from espat.scenario.hosts.socket_peers import SocketPeer
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
    with Resources(options, storages) as resources:
        async with open_stage(world, names, resources, variables=variables, ended=ended) as stage:
            await _add_peers(stage, peers)
            _add_clients(stage, tolerated)
            stage.start()
            yield stage


def peer_of(stage: Stage, name: str) -> Peer:
    """A host that the scenario plays itself, or one of the world by its name or address. Raises MismatchError."""
    if name not in stage.peers:
        stage.peers[name] = MemoryPeer(PeerConfiguration(name), stage.host(name, "peer"))
    return stage.peers[name]


async def _add_peers(stage: Stage, peers: Sequence[PeerConfiguration]) -> None:
    """Raises PeerError."""
    simulation = stage.simulation
    if stage.options.sockets:
        ports = ModulePorts(stage.clock, stage.patience.step)
        stage.announced.append(ports.announced)
        for configuration in peers:
            peer = SocketPeer(configuration, stage.nursery, ports.find, stage.clock)
            stage.exits.callback(peer.close)
            simulation.host_map.add(await peer.reserve())
            stage.peers[peer.name] = peer
        return
    for number, configuration in enumerate(peers, 1):
        address = configuration.address or (BEYOND.format(number) if configuration.host else "")
        host = simulation.add_host(HostConfiguration(parse_address(address), configuration.host))
        stage.peers[configuration.name] = MemoryPeer(configuration, host)


def _add_clients(stage: Stage, tolerated: Sequence[str]) -> None:
    """Raises OSError."""
    for name, port in stage.ports.items() if stage.options.clients else ():
        stream = MemoryTerminal(port) if isinstance(port, MemoryPort) else open_device(stage.devices[name])
        printed = Printed(stage.variables, tolerated)
        stage.terminals[name] = Terminal(stream, printed, stage.clock, stage.patience)
