"""`slotmcp http`: an MCP server for many clients, on a port."""

import asyncio
import os
from contextlib import nullcontext
from functools import partial
from ipaddress import ip_address
from socket import socket
from urllib.parse import urlsplit

from slotmcp.asgi import NO_SSE, HttpApp, ServeOptions
from slotmcp.bootstrap import open_app
from slotmcp.cli.exits import Exit, exit_with, print_error
from slotmcp.settings import Settings
from slotmcp.tools.gate import Toolset
from slotmcp.web.connections import ConnectionLimits
from slotmcp.web.serving import RESERVED_FILES, allowed_connections, listen, serve, shared_metrics

NO_CREDENTIALS = (
    "Callers could not authenticate: there is no key yet, and no OAuth issuer is set. Create a key with "
    "`slotmcp keys create`, set SLOTMCP_OAUTH_ISSUER, or pass --no-auth to allow access without authentication. "
    "Without a key, the server starts only if other machines and web pages cannot reach it: it listens on 127.0.0.1, "
    "SLOTMCP_PUBLIC_URL is not set, and SLOTMCP_ALLOWED_HOSTS and SLOTMCP_ALLOWED_ORIGINS name only this machine."
)


def run(  # noqa: PLR0913  one parameter per option
    settings: Settings,
    toolset: Toolset | None,
    *,
    is_read_only: bool,
    is_open: bool,
    address: tuple[str, int],
    workers: int,
) -> None:
    """Serve at a host and a port until a signal. `is_open` allows access without authentication."""
    host, port = address
    is_local = _is_loopback(host)
    authenticates = not is_open and asyncio.run(_has_credentials(settings))
    if not (authenticates or is_open) and _is_exposed(settings, host):
        exit_with(Exit.USAGE, NO_CREDENTIALS)
    try:
        listener = listen(host, port)
    except OSError as error:
        exit_with(Exit.USAGE, f"slotmcp cannot listen on {host} port {port}: {error.strerror}.")
    options = ServeOptions(
        toolset=toolset,
        read_only=is_read_only,
        is_open=not authenticates,
        until_first_key=not is_open,
        is_local=is_local,
        offers_sse=workers == 1,
        owns_process=True,
    )
    if not options.offers_sse:
        print_error(NO_SSE)
    limits = connection_limits(settings)
    print_error(_listening_message(listener, options))
    with shared_metrics(os.environ) if workers > 1 else nullcontext():  # noqa: TID251  for the worker processes
        create = partial(HttpApp, settings, options)
        serve(create, listener, workers=workers, limits=limits, stop_seconds=settings.stop_seconds)


def connection_limits(settings: Settings) -> ConnectionLimits:
    """Return the limits of the connections of one process. Fewer open files allow fewer connections."""
    wanted = settings.max_connections
    allowed = allowed_connections(wanted, reserved_files=RESERVED_FILES + settings.database_pool_size)
    if allowed < wanted:
        print_error(f"slotmcp accepts {allowed} connections, not {wanted}: the limit of open files is low (ulimit -n).")
    return ConnectionLimits(
        max_total=allowed,
        max_per_peer=min(settings.max_connections_per_peer, allowed // 2),
        max_body_bytes=settings.max_body_bytes,
        timeout_seconds=settings.request_timeout_seconds,
        trusted_proxies=settings.trusted_proxies,
    )


async def _has_credentials(settings: Settings) -> bool:
    """Check for a key or an OAuth issuer. Database errors are reported here, before the server starts."""
    async with open_app(settings) as app:
        return bool(settings.oauth_issuer) or await app.access.has_keys()


def _is_exposed(settings: Settings, host: str) -> bool:
    """Return whether more than this machine could reach the server: through its address, a proxy or a web page."""
    names = [urlsplit(f"//{name}").hostname for name in settings.allowed_hosts]
    names += [urlsplit(origin).hostname for origin in settings.allowed_origins]
    return bool(settings.public_url) or not all(_is_loopback(name or "") for name in (host, *names))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _listening_message(listener: socket, options: ServeOptions) -> str:
    host, port, *_ = listener.getsockname()
    server = f"http://{f'[{host}]' if ':' in host else host}:{port}"
    access = "callers need a key or a token"
    if options.is_open:
        until_key = " until the first key exists" if options.until_first_key else ""
        local = f"no authentication{until_key}: only this machine can connect"
        access = local if options.is_local else "NO AUTHENTICATION: ANYONE WHO CAN CONNECT HAS FULL ACCESS"
    return f"slotmcp listens on {server}/mcp; {access}. The dashboard is at {server}/dashboard."
