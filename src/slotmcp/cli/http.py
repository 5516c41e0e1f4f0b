"""`slotmcp http`: an MCP server for many clients, on a port."""

import asyncio
import os
from contextlib import nullcontext
from functools import partial
from ipaddress import ip_address
from socket import socket

from slotmcp.asgi import HttpApp, ServeOptions
from slotmcp.bootstrap import open_app
from slotmcp.cli.exits import Exit, leave, remark
from slotmcp.settings import Settings
from slotmcp.tools.gate import Toolset
from slotmcp.web.serving import listen, serve, shared_metrics

NO_WAY_IN = (
    "Nobody could be asked who they are: there is no key yet, and no OAuth issuer is set. Make a key with "
    "`slotmcp keys create`, set SLOTMCP_OAUTH_ISSUER, listen on 127.0.0.1 alone and without SLOTMCP_PUBLIC_URL, or say "
    "--no-auth to let everybody in."
)


def run(  # noqa: PLR0913  an option each
    settings: Settings,
    toolset: Toolset | None,
    *,
    is_read_only: bool,
    is_open: bool,
    address: tuple[str, int],
    workers: int,
) -> None:
    """Serve at a host and a port until the process is told to stop. `is_open`: everybody is let in."""
    host, port = address
    is_local = _is_loopback(host)
    asks = not is_open and asyncio.run(_has_credentials(settings))
    is_within_reach = not is_local or settings.public_url  # who names a public address has a proxy before it
    if is_within_reach and not (asks or is_open):
        leave(Exit.USAGE, NO_WAY_IN)
    try:
        listening = listen(host, port)
    except OSError as error:
        leave(Exit.USAGE, f"slotmcp cannot listen on {host} port {port}: {error.strerror}.")
    serving = ServeOptions(
        toolset=toolset, read_only=is_read_only, is_open=not asks, is_local=is_local, owns_process=True
    )
    remark(_told(listening, serving))
    with shared_metrics(os.environ) if workers > 1 else nullcontext():  # noqa: TID251  its children inherit it
        serve(partial(HttpApp, settings, serving), listening, workers=workers)


async def _has_credentials(settings: Settings) -> bool:
    """Whether callers are asked who they are. Opening the database here tells of its problems in a sentence."""
    async with open_app(settings) as app:
        return bool(settings.oauth_issuer) or await app.access.has_keys()


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _told(listening: socket, serving: ServeOptions) -> str:
    host, port, *_ = listening.getsockname()
    server = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    where, dashboard = f"{server}/mcp", f"The dashboard is at {server}/dashboard."
    if not serving.is_open:
        return f"slotmcp listens on {where}; callers need a key or a token. {dashboard}"
    whom = "this machine alone gets here" if serving.is_local else "EVERYBODY WHO REACHES IT MAY DO EVERYTHING"
    return f"slotmcp listens on {where}; no key is asked for: {whom}. {dashboard}"
