"""The board: today, technician by technician."""

from typing import Final

from starlette.responses import Response

from slotmcp.web.dashboard.visit import Panel, Visit


async def board(visit: Visit) -> Response:
    """The page of a project."""
    return visit.page("board.html")


PANELS: Final = (Panel(path="", handler=board),)
