"""Verbs on hosts: those of `[[host]]`, and the peers of the scenario."""

from espat.scenario.stage.stage import Stage
from espat.scenario.verbs.table import verb


@verb("host.start")
async def start(stage: Stage, *, host: str) -> None:
    """A host, by its name or address, gets power, and its services run."""
    stage.host(host).start()


@verb("host.stop")
async def stop(stage: Stage, *, host: str) -> None:
    """A host loses its power: nobody is at its address any more, and nothing tells those who are connected."""
    stage.host(host).stop()


@verb("host.refuse")
async def refuse(stage: Stage, *, host: str) -> None:
    """A host ends its services: connections are reset, new ones refused; it still answers a ping."""
    stage.host(host).refuse()
