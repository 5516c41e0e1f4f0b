"""Starlette and orjson alone: parse a request, and answer with a prepared response. The argument is its file."""

import socket
import sys
from pathlib import Path

import orjson
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route


def create(answer: Path) -> Starlette:
    """Return an app that answers each POST with the result in a file."""
    result = orjson.loads(answer.read_bytes())

    async def call(request: Request) -> Response:
        message = orjson.loads(await request.body())
        body = orjson.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result})
        return Response(body, media_type="application/json")

    async def ready(_: Request) -> Response:
        return PlainTextResponse("ok")

    return Starlette(routes=[Route("/mcp", call, methods=["POST"]), Route("/readyz", ready)])


if __name__ == "__main__":
    listening = socket.create_server(("127.0.0.1", 0), backlog=2048)
    sys.stderr.write(f"slotmcp listens on http://127.0.0.1:{listening.getsockname()[1]}/mcp\n")
    sys.stderr.flush()
    config = uvicorn.Config(create(Path(sys.argv[1])), access_log=False, log_config=None)
    uvicorn.Server(config).run(sockets=[listening])
