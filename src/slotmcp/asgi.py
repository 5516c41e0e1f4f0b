"""slotmcp over HTTP as an ASGI app, to be served by itself or mounted in another one.

Mounted, its lifespan is its host's to run: `async with slot_app.running(): ...`. By itself a server runs it.
"""

import gc
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from slotmcp import telemetry
from slotmcp.bootstrap import open_app
from slotmcp.domain.access import ANONYMOUS, LOCAL, Principal
from slotmcp.ports import Rate
from slotmcp.services.access import PREFIX
from slotmcp.services.app import App
from slotmcp.settings import Settings
from slotmcp.tools.gate import CallGate, CallRateLimits, Toolset
from slotmcp.tools.http import PATHS, STREAMABLE_PATH, McpHttpApp
from slotmcp.tools.server import ServerExtension, create_server, select_tools
from slotmcp.tools.subscriptions import create_bus, watch_waitlists
from slotmcp.web.app import Protection, create_web
from slotmcp.web.authentication import (
    Authenticate,
    BearerAuthentication,
    Challenge,
    FixedPrincipal,
    PrincipalCache,
    no_challenge,
)
from slotmcp.web.dashboard.app import dashboard_routes
from slotmcp.web.dashboard.request import DashboardContext
from slotmcp.web.health import Health
from slotmcp.web.host_origin import LOOPBACK, HostPolicy
from slotmcp.web.oauth import IssuerKeys, OAuth, Resource
from slotmcp.web.responses import retry_response
from slotmcp.web.shutdown import GracefulShutdown, shutdown_on_signals
from slotmcp.web.webhooks import Webhooks


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """How to serve: what is decided where the server is started."""

    toolset: Toolset | None = None
    """The most that is served; None: what the credential reaches, and without credentials a caller's tools."""
    read_only: bool = False
    is_open: bool = False
    """Nobody is asked who they are."""
    is_local: bool = False
    """Only this machine gets here."""
    owns_process: bool = False
    """The process's signals are for this app."""
    extend: ServerExtension | None = None
    """Gives the MCP server more to offer: tools, resources or prompts of somebody else's, who checks who calls them."""


class HttpApp:
    """The ASGI app. It opens the database when it begins to run, once a process."""

    def __init__(self, settings: Settings, serving: ServeOptions = ServeOptions()) -> None:
        self._settings = settings
        self._serving = serving
        self._inner: ASGIApp = _not_running
        self._lifespan = Starlette(lifespan=lambda _app: self.running())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answer until the block ends.

        Raises:
            Unavailable, DatabaseTooNew, DatabaseUnusable.
        """
        async with open_web(self._settings, self._serving) as self._inner:
            yield
        self._inner = _not_running

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or run from a server's lifespan."""
        await (self._lifespan if scope["type"] == "lifespan" else self._inner)(scope, receive, send)


def create_app() -> HttpApp:
    """The app as the settings have it, for a server's command line or another app: `slotmcp.asgi:create_app`.

    Every call needs a key or a token.

    Raises:
        SettingsError.
    """
    return HttpApp(Settings.load())


@asynccontextmanager
async def open_web(settings: Settings, serving: ServeOptions) -> AsyncIterator[ASGIApp]:
    """All of the HTTP face, over the database that the settings name; closed again at the end.

    Raises:
        Unavailable, DatabaseTooNew, DatabaseUnusable.
    """
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(open_app(settings))
        await app.projects.warm_up()
        gate = _gate(app, settings, serving)
        face = await _open_mcp(stack, app, gate, settings, serving)
        callers = await _open_callers(stack, app, settings, serving)
        shutdown = GracefulShutdown(is_busy=lambda: gate.active_calls > 0, timeout_seconds=settings.stop_seconds)
        if serving.owns_process:
            stack.enter_context(shutdown_on_signals(shutdown))
        if not serving.read_only:
            await stack.enter_async_context(app.background_tasks())
        needed = {"database": app.access.has_keys}
        await stack.enter_async_context(app.vitals.watched({**needed, **app.optional_checks}))
        host_policy = _host_policy(settings, serving)
        dashboard = DashboardContext(
            app=app,
            host_policy=host_policy,
            shutdown=shutdown,
            is_open=serving.is_open,
            is_read_only=serving.read_only,
            is_secure=settings.public_url.startswith("https://"),
        )
        if serving.owns_process:
            gc.freeze()  # what stays is no garbage; to look through it would take tens of milliseconds
        yield create_web(
            mcp=face,
            mcp_paths=PATHS,
            public_routes=[*callers.routes, *Webhooks(app.calendars).routes(), *dashboard_routes(dashboard)],
            protection=Protection(
                authenticate=callers.authenticate,
                authenticate_metrics=callers.authenticate_metrics,
                host_policy=host_policy,
                max_body_bytes=settings.max_body_bytes,
            ),
            health=Health(shutdown, required=needed, optional=app.optional_checks),
            shutdown=shutdown,
        )


def _gate(app: App, settings: Settings, serving: ServeOptions) -> CallGate:
    rate_limits = CallRateLimits(
        limits=app.limits,
        per_credential=None if serving.is_open else _rate(settings.rate_limit_per_key),
        per_call_id=_rate(settings.rate_limit_per_call),
    )
    return CallGate(default_principal=ANONYMOUS, rate_limits=rate_limits, observe=telemetry.record_tool_call)


def _rate(per_minute: int) -> Rate | None:
    return Rate(per_minute=per_minute) if per_minute else None


async def _open_mcp(
    stack: AsyncExitStack, app: App, gate: CallGate, settings: Settings, serving: ServeOptions
) -> McpHttpApp:
    bus = create_bus()
    await stack.enter_async_context(watch_waitlists(app, bus, read_only=serving.read_only))
    toolset = serving.toolset or (Toolset.CALLER if serving.is_open else Toolset.OPERATOR)
    server = create_server(app, bus, toolset=toolset, read_only=serving.read_only, gate=gate)
    telemetry.initialize_tool_metrics(
        tool.function.__name__ for tool in select_tools(toolset, read_only=serving.read_only)
    )
    if serving.extend is not None:
        serving.extend(server)
    face = McpHttpApp(server, gate, max_body_bytes=settings.max_body_bytes)
    await stack.enter_async_context(face.running())
    return face


@dataclass(frozen=True, slots=True)
class _Callers:
    """How callers are asked who they are, and where they are told how to get a token."""

    authenticate: Callable[[ASGIApp], ASGIApp]
    authenticate_metrics: Callable[[ASGIApp], ASGIApp]
    routes: Sequence[Route] = ()


async def _open_callers(stack: AsyncExitStack, app: App, settings: Settings, serving: ServeOptions) -> _Callers:
    if serving.is_open:
        anonymous = partial(FixedPrincipal, principal=LOCAL)
        return _Callers(anonymous, anonymous)
    if not settings.oauth_issuer:
        return _bearer(app.access.authenticate)
    issuer_keys = IssuerKeys.open(issuer=settings.oauth_issuer, url=settings.oauth_jwks_url)
    resource = Resource(
        issuer=settings.oauth_issuer,
        audience=settings.audience,
        path=STREAMABLE_PATH,
        public_url=settings.public_url,
    )
    oauth = OAuth(resource, await stack.enter_async_context(issuer_keys))

    async def authenticate(token: str) -> Principal | None:
        is_key = token.startswith(PREFIX)
        return await (app.access.authenticate(token) if is_key else oauth.authenticate(token))

    return _bearer(authenticate, challenge=resource.challenge, routes=resource.routes())


def _bearer(
    authenticate: Authenticate, *, challenge: Challenge = no_challenge, routes: Sequence[Route] = ()
) -> _Callers:
    """Require a bearer token from callers."""
    return _Callers(
        authenticate=lambda inner: BearerAuthentication(inner, authenticate, challenge=challenge),
        authenticate_metrics=lambda inner: BearerAuthentication(
            inner, PrincipalCache(authenticate), challenge=challenge
        ),
        routes=routes,
    )


def _host_policy(settings: Settings, serving: ServeOptions) -> HostPolicy:
    own = urlsplit(settings.public_url).netloc
    named = (*settings.allowed_hosts, *((own,) if own else ()))
    if not named and not serving.is_local:
        return HostPolicy(hosts=(), origins=settings.allowed_origins)
    return HostPolicy(hosts=(*named, *LOOPBACK.hosts), origins=(*settings.allowed_origins, *LOOPBACK.origins))


async def _not_running(scope: Scope, receive: Receive, send: Send) -> None:
    await retry_response(503, "starting", "This server is not running yet.", after_seconds=1)(scope, receive, send)
