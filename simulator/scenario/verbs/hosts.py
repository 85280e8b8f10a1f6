"""Verbs on the hosts of the world: those of `[[host]]`, which serve by themselves."""

from simulator.scenario.playing.matching import MismatchError
from simulator.scenario.playing.stage import Stage
from simulator.scenario.verbs.table import verb
from simulator.scenario.world_host import WorldHost


def _host(stage: Stage, name: str) -> WorldHost:
    try:
        return stage.simulation.host(name)
    except KeyError:
        known = ", ".join(host.name or host.address for host in stage.simulation.hosts)
        raise MismatchError(f"the world has no host {name!r}; it has {known or 'none'}") from None


@verb("host.start")
async def start(stage: Stage, *, host: str) -> None:
    """A host, by its name or address, gets power, and its services run."""
    _host(stage, host).start()


@verb("host.stop")
async def stop(stage: Stage, *, host: str) -> None:
    """A host loses its power: nobody is at its address any more, and nothing tells those who are connected."""
    _host(stage, host).stop()


@verb("host.refuse")
async def refuse(stage: Stage, *, host: str) -> None:
    """A host ends its services: connections are reset, new ones refused; it still answers a ping."""
    _host(stage, host).refuse()
