"""First searches of a server, made before it is ready, so that no caller waits for cold caches."""

from collections.abc import Iterable
from time import monotonic
from typing import Final

from slotmcp.domain.errors import SlotmcpError
from slotmcp.services.app import App
from slotmcp.tools import catalog, slots
from slotmcp.tools.tool import SlotmcpTool

MAX_PROJECTS: Final = 20
"""Maximum number of projects that a server searches before it is ready."""
MAX_SECONDS: Final = 1.0
"""Time after which no further search begins."""


async def warm_up(app: App, tools: Iterable[SlotmcpTool]) -> None:
    """Search each service of the busiest projects, as their first callers will.

    Raises:
        Unavailable: the database does not respond.
    """
    by_name = {tool.name: tool for tool in tools}
    list_services, get_slots = by_name[catalog.list_services.name], by_name[slots.get_slots.name]
    ends_at = monotonic() + MAX_SECONDS
    for project_id in await app.projects.busiest_ids(MAX_PROJECTS):
        await list_services.warm_up({"projectId": project_id})
        for service_id in await _service_ids(app, project_id):
            if monotonic() >= ends_at:
                return
            await get_slots.warm_up({"projectId": project_id, "serviceType": service_id})


async def _service_ids(app: App, project_id: str) -> list[str]:
    """Return the services of a project; none if it was deleted or cannot be read."""
    try:
        return [service.id for service in (await app.projects.list_services(project_id)).services]
    except SlotmcpError:
        return []
