"""Verbs on the web server of a host."""

from espat.scenario.services.web import SeenRequest, SeenRequests
from espat.scenario.stage.stage import Stage
from espat.scenario.verbs.arguments import Data
from espat.scenario.verbs.table import verb


@verb("web.expect", path="of the request, without the query", method="of the request", data="its body")
async def expect(stage: Stage, *, host: str, path: str, method: str | None = None, data: Data | None = None) -> None:
    """A host has got a request, after the last one like it that was expected."""
    at = stage.host(host)
    seen = at.common(SeenRequests).recent

    def fits(one: SeenRequest) -> bool:
        return one.path == path and method in (None, one.method) and data in (None, one.body)

    def told() -> str:
        others = ", ".join(f"{one.method} {one.path[:80]}" for one in list(seen)[-5:])
        return f"{host} expected a request of {path}, got {others or 'none'}"

    await stage.until(at.changed, lambda: any(map(fits, seen)), told)
    seen.remove(next(filter(fits, seen)))
