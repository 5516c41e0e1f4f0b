"""`slotmcp trace`: why a call was answered as it was."""

import orjson

from slotmcp.bootstrap import build_app, open_store
from slotmcp.services.traces import summarize_trace
from slotmcp.settings import Settings
from slotmcp.tools.resources import trace_as_json


async def tell(settings: Settings, trace_id: str, *, as_json: bool) -> str:
    """A trace as a story, or as JSON.

    Raises:
        NotFound, Unavailable.
    """
    async with open_store(settings) as store:
        answer = await build_app(store).traces.find(trace_id)
    return (
        orjson.dumps(trace_as_json(answer), option=orjson.OPT_INDENT_2).decode()
        if as_json
        else "\n".join(summarize_trace(answer))
    )
