"""ASGI app that serves slotmcp over HTTP, alone or mounted in another app.

A host that mounts it runs its lifespan: `async with slot_app.running(): ...`. Otherwise the ASGI server runs it.
"""

import os
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from multiprocessing import parent_process
from typing import Any, Final, TypeAlias
from urllib.parse import urlsplit

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from slotmcp import telemetry
from slotmcp.bootstrap import SystemClock, open_app
from slotmcp.domain import access
from slotmcp.domain.access import ANONYMOUS, LOCAL, Principal
from slotmcp.domain.errors import TryLater
from slotmcp.domain.interval import MS_PER_SECOND
from slotmcp.ports import Rate
from slotmcp.services.access import PREFIX
from slotmcp.services.access_watch import watch_access
from slotmcp.services.app import App
from slotmcp.services.garbage import bounded_collections
from slotmcp.services.open_access import OpenAccess
from slotmcp.settings import Settings
from slotmcp.tools.gate import CallGate, CallRateLimits, Toolset, local_principal, log_unavailable
from slotmcp.tools.http import MESSAGES_PATH, SSE_PATH, STREAMABLE_PATH, McpHttpApp, requested_tool
from slotmcp.tools.server import TOOL_NAMES, ServerExtension, create_server, select_tools
from slotmcp.tools.streams import StreamLimits, Streams
from slotmcp.tools.subscriptions import create_bus, watch_waitlists
from slotmcp.tools.tool import ToolDefinition
from slotmcp.tools.tool_caller import ToolCaller
from slotmcp.tools.warm_up import warm_up
from slotmcp.web.anonymous import AnonymousAccess
from slotmcp.web.api_document import DocumentEndpoint, OptionalAuthentication
from slotmcp.web.app import CallRoute, Protection, create_web
from slotmcp.web.authentication import (
    Authenticate,
    BearerAuthentication,
    PrincipalCache,
    RecordFailure,
    no_challenge,
)
from slotmcp.web.dashboard.api_page import DOCS_PATH, ApiPage
from slotmcp.web.dashboard.app import dashboard_routes
from slotmcp.web.dashboard.request import DashboardContext
from slotmcp.web.failures import CALL_RATE, LOGIN_RATE, FailureLimit
from slotmcp.web.health import Health
from slotmcp.web.host_origin import LOOPBACK, HostPolicy
from slotmcp.web.issuer_keys import IssuerKeys
from slotmcp.web.limits import MAX_PLATFORM_VALUES, MAX_SMALL_BODY_BYTES, BodyLimit, abort_connection
from slotmcp.web.notification import notify_ready
from slotmcp.web.oauth import EVERY_PROJECT, OAuth, Resource
from slotmcp.web.openapi import OPENAPI_PATH, openapi_document
from slotmcp.web.peers import TrustedProxies
from slotmcp.web.responses import error_response, path_in_app, retry_response
from slotmcp.web.retell import (
    RETELL_PATH,
    RETELL_TOOL_PATH,
    RetellAuthentication,
    RetellEndpoint,
    RetellSignatures,
)
from slotmcp.web.shutdown import GracefulShutdown, shutdown_on_signals
from slotmcp.web.streams import StreamMiddleware
from slotmcp.web.tool_calls import TOOLS_PATH, ToolEndpoint
from slotmcp.web.vapi import VAPI_PATH, VapiEndpoint
from slotmcp.web.webhooks import Webhooks

SSE_PATHS: Final = (SSE_PATH, MESSAGES_PATH)
NO_SSE: Final = (
    "SSE is off, because several processes share the port and an SSE session belongs to one process. "
    "Connect to /mcp, or start the server with --workers 1."
)
SEVERAL_PROJECTS: Final = (
    "There is not exactly one project. Add a header with the access key of one to the functions of the agent."
)
Middleware: TypeAlias = Callable[[ASGIApp], ASGIApp]


@dataclass(frozen=True, slots=True, kw_only=True)
class ServeOptions:
    """Options of a server that are set when it starts."""

    toolset: Toolset | None = None
    """Largest set of tools. None: the tools that the credential allows; without credentials the caller's tools."""
    read_only: bool = False
    is_open: bool = False
    """True if calls need no credential."""
    until_first_key: bool = False
    """True if an open server requires a credential as soon as any process has created a key."""
    is_local: bool = False
    """True if only this machine can connect."""
    offers_sse: bool = True
    """False if several processes share the port: an SSE session belongs to one process."""
    owns_process: bool = False
    """True if the app handles the process's signals."""
    extend: ServerExtension | None = None
    """Callback that adds tools, resources or prompts to the MCP server. They must check permissions themselves."""


class HttpApp:
    """ASGI app that opens the database when it starts, once per process."""

    def __init__(self, settings: Settings, options: ServeOptions = ServeOptions()) -> None:
        self._settings = settings
        self._options = options
        self._inner: ASGIApp = _not_running
        self._lifespan = Starlette(lifespan=lambda _app: self.running())

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Accept requests until the block ends.

        Raises:
            Unavailable, DatabaseTooNew, DatabaseUnusable.
        """
        async with open_web(self._settings, self._options) as self._inner:
            yield
        self._inner = _not_running

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, or a server's lifespan."""
        await (self._lifespan if scope["type"] == "lifespan" else self._inner)(scope, receive, send)


def create_app() -> HttpApp:
    """Return the app that the settings describe, for an ASGI server or another app: `slotmcp.asgi:create_app`.

    Every call needs an access key or a token. A worker of an ASGI server does not offer SSE.

    Raises:
        SettingsError.
    """
    return HttpApp(Settings.load(), ServeOptions(offers_sse=not _is_worker()))


def _is_worker() -> bool:
    """Return whether an ASGI server started this process, as uvicorn does for --workers and gunicorn always does."""
    is_gunicorn = os.environ.get("SERVER_SOFTWARE", "").startswith("gunicorn")  # noqa: TID251  set by gunicorn
    return is_gunicorn or parent_process() is not None


@asynccontextmanager
async def open_web(settings: Settings, options: ServeOptions) -> AsyncIterator[ASGIApp]:
    """Open the database that the settings name, and yield the HTTP interface; close both when the block ends.

    Raises:
        Unavailable, DatabaseTooNew, DatabaseUnusable.
    """
    async with AsyncExitStack() as stack:
        app = await stack.enter_async_context(open_app(settings, isolates_reports=options.owns_process))
        open_access = OpenAccess(app.access, is_open=options.is_open, until_first_key=options.until_first_key)
        await stack.enter_async_context(watch_access(open_access, app.open_streams))
        gate = _gate(app, settings)
        mcp = await _open_mcp(stack, app, gate, settings, options)
        await warm_up(app, mcp.server.bound_tools)
        proxies = TrustedProxies(settings.trusted_proxies)
        failures = FailureLimit(app.limits, proxies, name="call", rate=CALL_RATE)
        bearer = partial(_bearer, record_failure=partial(_record_failure, gate), failures=failures)
        tools = ToolCaller(mcp.server.bound_tools, gate, app.ids)
        authentication = await _open_authentication(stack, app, bearer, settings, options)
        if open_access.is_open:
            authentication = _admit_anonymous(authentication, open_access, options.toolset)
        shutdown = GracefulShutdown(
            is_busy=lambda: gate.active_calls > 0,
            timeout_seconds=settings.stop_seconds,
            drain_seconds=settings.drain_seconds,
        )
        if options.owns_process:
            stack.enter_context(shutdown_on_signals(shutdown))
        if not options.read_only:
            await stack.enter_async_context(app.background_tasks())
        check = app.vitals.database_check(interval_seconds=settings.write_check_seconds, is_read_only=options.read_only)
        required = {"database": check.run}
        await stack.enter_async_context(app.vitals.watched({**required, **app.optional_checks}))
        host_policy = _host_policy(settings, options)
        dashboard = DashboardContext(
            app=app,
            host_policy=host_policy,
            shutdown=shutdown,
            open_access=open_access,
            failed_logins=FailureLimit(app.limits, proxies, name="login", rate=LOGIN_RATE),
            is_read_only=options.read_only,
            is_secure=settings.public_url.startswith("https://"),
        )
        if options.owns_process:
            await stack.enter_async_context(
                bounded_collections(lambda: gate.active_calls == 0, app.vitals.project_memory)
            )
            notify_ready(os.environ.get("NOTIFY_SOCKET", ""))  # noqa: TID251  set by systemd
        yield create_web(
            call_routes=[
                *_mcp_routes(mcp, app, settings, options),
                *_plain_routes(tools, settings, _require_signature(app, settings, authentication.calls, failures)),
                *_description_routes(settings, options, authentication.calls, dashboard),
            ],
            metadata_routes=authentication.routes,
            public_routes=[*Webhooks(app.calendars).routes(), *dashboard_routes(dashboard)],
            protection=Protection(
                authenticate=authentication.calls,
                authenticate_metrics=authentication.metrics,
                host_policy=host_policy,
                shared_origins=settings.allowed_origins,
                max_body_bytes=settings.max_body_bytes,
                request_timeout_seconds=settings.request_timeout_seconds,
            ),
            health=Health(
                shutdown, required=required, optional=app.optional_checks, allows_host=host_policy.allows_host
            ),
            shutdown=shutdown,
        )


def _gate(app: App, settings: Settings) -> CallGate:
    rate_limits = CallRateLimits(
        limits=app.limits,
        per_credential=_rate(settings.rate_limit_per_key),
        per_call_id=_rate(settings.rate_limit_per_call),
    )
    return CallGate(default_principal=ANONYMOUS, rate_limits=rate_limits, observe=telemetry.record_tool_call)


def _rate(per_minute: int) -> Rate | None:
    return Rate(per_minute=per_minute) if per_minute else None


async def _open_mcp(
    stack: AsyncExitStack, app: App, gate: CallGate, settings: Settings, options: ServeOptions
) -> McpHttpApp:
    bus = create_bus()
    await stack.enter_async_context(watch_waitlists(app, bus, read_only=options.read_only))
    toolset = options.toolset or Toolset.OPERATOR
    server = create_server(app, bus, toolset=toolset, read_only=options.read_only, gate=gate)
    telemetry.initialize_tool_metrics(tool.name for tool in select_tools(toolset, read_only=options.read_only))
    if options.extend is not None:
        options.extend(server)
    limits = StreamLimits(
        per_credential=settings.max_streams_per_key,
        total=settings.max_streams,
        idle_seconds=settings.stream_idle_seconds,
    )
    streams = Streams(limits, abort=abort_connection)
    mcp = McpHttpApp(
        server,
        gate,
        streams=streams,
        refuse=_refuse,
        max_body_bytes=settings.max_body_bytes,
        fast_calls=settings.fast_tool_calls,
    )
    await stack.enter_async_context(mcp.running())
    return mcp


def _mcp_routes(mcp: ASGIApp, app: App, settings: Settings, options: ServeOptions) -> list[CallRoute]:
    streaming = StreamMiddleware(mcp if options.offers_sse else _without_sse(mcp), app.open_streams)
    limit = BodyLimit(settings.max_body_bytes)
    return [CallRoute(path=path, app=streaming, limit=limit) for path in (STREAMABLE_PATH, *SSE_PATHS)]


def _plain_routes(tools: ToolCaller, settings: Settings, require_signature: Middleware | None) -> list[CallRoute]:
    """Return the routes of tool calls without MCP, by any client and by voice platforms."""
    limit = BodyLimit(settings.max_body_bytes)
    message_limit = BodyLimit(settings.max_body_bytes, MAX_PLATFORM_VALUES)
    route = partial(CallRoute, methods=["POST"])
    retell = partial(route, app=RetellEndpoint(tools), limit=message_limit, authenticate=require_signature)
    return [
        route(path=TOOLS_PATH, app=ToolEndpoint(tools), limit=limit),
        route(path=VAPI_PATH, app=VapiEndpoint(tools), limit=message_limit),
        retell(path=RETELL_PATH),
        retell(path=RETELL_TOOL_PATH),
    ]


def _description_routes(
    settings: Settings, options: ServeOptions, authenticate: Middleware, dashboard: DashboardContext
) -> list[CallRoute]:
    """Return the routes of the descriptions of the tools, as a document and as a page."""
    served = select_tools(options.toolset or Toolset.OPERATOR, read_only=options.read_only)

    def select(scopes: frozenset[access.Scope]) -> list[ToolDefinition[Any]]:
        return [tool for tool in served if tool.scope in scopes]

    @cache
    def write(scopes: frozenset[access.Scope]) -> bytes:
        return openapi_document(select(scopes), public_url=settings.public_url)

    may_read = partial(OptionalAuthentication, authenticate=authenticate, is_open=lambda: dashboard.is_open)
    route = partial(CallRoute, methods=["GET"], limit=BodyLimit(MAX_SMALL_BODY_BYTES), authenticate=may_read)
    return [
        route(path=OPENAPI_PATH, app=DocumentEndpoint(write)),
        route(path=DOCS_PATH, app=ApiPage(dashboard, select)),
    ]


def _require_signature(
    app: App, settings: Settings, authenticate: Middleware, failures: FailureLimit
) -> Middleware | None:
    """Return the middleware that checks Retell's signatures; None: no key is set, so requests need a credential."""
    if not settings.retell_api_key:
        return None
    return partial(
        RetellAuthentication,
        signatures=RetellSignatures(settings.retell_api_key, SystemClock().now_ms),
        authenticate=authenticate,
        principal=partial(_retell_principal, app),
        failures=failures,
    )


async def _retell_principal(app: App) -> Principal:
    """Return the principal of a signed request without a credential, which reaches only a single project.

    Raises:
        Unavailable.
    """
    projects = await _only_project(app)
    return Principal(
        credential="retell", scopes=access.Scope.CALLER.included, projects=projects, no_project=SEVERAL_PROJECTS
    )


def _refuse(status: int, code: str, message: str, after_ms: int) -> ASGIApp:
    if not after_ms:
        return error_response(status, code, message)
    return retry_response(status, code, message, after_ms=after_ms)


def _without_sse(mcp: ASGIApp) -> ASGIApp:
    """Refuse SSE with the reason, instead of letting the requests of a session reach other processes."""
    refused = error_response(404, "no_sse", NO_SSE)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (refused if path_in_app(scope) in SSE_PATHS else mcp)(scope, receive, send)

    return app


@dataclass(frozen=True, slots=True)
class _Authentication:
    """Middleware that authenticates calls and scrapes of metrics, and the routes of the OAuth metadata."""

    calls: Middleware
    metrics: Middleware
    routes: Sequence[Route] = ()


async def _open_authentication(
    stack: AsyncExitStack,
    app: App,
    bearer: Callable[..., _Authentication],
    settings: Settings,
    options: ServeOptions,
) -> _Authentication:
    """Return the authentication by keys, and by tokens if an issuer is set; an open server has no issuer."""
    if not settings.oauth_issuer or options.is_open:
        return bearer(app.access.authenticate)
    issuer_keys = IssuerKeys.open(issuer=settings.oauth_issuer, url=settings.oauth_jwks_url)
    sse = dict.fromkeys(SSE_PATHS, SSE_PATH) if options.offers_sse else {}
    resource = Resource(
        issuer=settings.oauth_issuer,
        audience=settings.oauth_audience,
        default_path=STREAMABLE_PATH,
        paths={STREAMABLE_PATH: STREAMABLE_PATH, **sse},
        public_url=settings.public_url,
    )
    keys = await stack.enter_async_context(issuer_keys)
    oauth = OAuth(resource, keys, default_projects=partial(_default_projects, app, settings))

    async def authenticate(token: str) -> Principal | None:
        is_key = token.startswith(PREFIX)
        return await (app.access.authenticate(token) if is_key else oauth.authenticate(token))

    return bearer(authenticate, resource=resource)


def _admit_anonymous(
    authentication: _Authentication, open_access: OpenAccess, toolset: Toolset | None
) -> _Authentication:
    """Admit requests without a credential while access is open."""
    admit = partial(AnonymousAccess, open_access=open_access)
    caller = local_principal(toolset or Toolset.CALLER)
    return replace(
        authentication,
        calls=partial(admit, principal=caller, authenticate=authentication.calls),
        metrics=partial(admit, principal=LOCAL, authenticate=authentication.metrics),
    )


async def _default_projects(app: App, settings: Settings) -> frozenset[str] | None:
    """Return the projects of a token that names none: those of the settings, else the only project. None: all.

    Raises:
        Unavailable.
    """
    if settings.oauth_projects:
        return None if EVERY_PROJECT in settings.oauth_projects else frozenset(settings.oauth_projects)
    return await _only_project(app)


async def _only_project(app: App) -> frozenset[str]:
    """Return the only project; no project if there are several.

    Raises:
        Unavailable.
    """
    project_ids = await app.projects.ids()
    return frozenset(project_ids) if len(project_ids) == 1 else frozenset()


def _record_failure(gate: CallGate, scope: Scope, body: bytes, error: TryLater) -> None:
    """Count a call of a known tool whose credential could not be checked."""
    tool = scope.get("path_params", {}).get("name") or requested_tool(body)
    if tool in TOOL_NAMES:
        gate.observe(tool, error.code, 0.0)
        log_unavailable(tool)


def _bearer(
    authenticate: Authenticate,
    *,
    record_failure: RecordFailure,
    failures: FailureLimit,
    resource: Resource | None = None,
) -> _Authentication:
    """Require a bearer token. For metrics the principal is cached, because scrapes must work without the database."""
    challenge = resource.challenge if resource else no_challenge
    require_token = partial(BearerAuthentication, failures=failures, challenge=challenge)
    return _Authentication(
        calls=partial(require_token, authenticate=authenticate, record_failure=record_failure),
        metrics=partial(require_token, authenticate=PrincipalCache(authenticate)),
        routes=resource.routes() if resource else (),
    )


def _host_policy(settings: Settings, options: ServeOptions) -> HostPolicy:
    public_host = urlsplit(settings.public_url).netloc
    hosts = (*settings.allowed_hosts, public_host) if public_host else settings.allowed_hosts
    if not hosts and not options.is_local:
        return HostPolicy(hosts=(), origins=settings.allowed_origins)
    return HostPolicy(hosts=(*hosts, *LOOPBACK.hosts), origins=(*settings.allowed_origins, *LOOPBACK.origins))


async def _not_running(scope: Scope, receive: Receive, send: Send) -> None:
    await retry_response(503, "starting", "This server is not running yet.", after_ms=MS_PER_SECOND)(
        scope, receive, send
    )
