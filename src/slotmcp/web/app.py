"""Starlette app of the HTTP interface: MCP, health, metrics, and the public routes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slotmcp import telemetry
from slotmcp.domain.errors import ErrorCode
from slotmcp.web.cors import CorsMiddleware
from slotmcp.web.health import Health, metrics
from slotmcp.web.host_origin import HostOriginMiddleware, HostPolicy
from slotmcp.web.limits import BodyLimitMiddleware
from slotmcp.web.responses import error_response, path_in_app
from slotmcp.web.shutdown import GracefulShutdown, ShutdownMiddleware

OTHER = "other"
"""Metric label of every path without a route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """Access checks in front of MCP and the metrics."""

    authenticate: Callable[[ASGIApp], ASGIApp]
    """Middleware that authenticates a request."""
    authenticate_metrics: Callable[[ASGIApp], ASGIApp]
    """Like `authenticate`, for metrics. It also works while the database is unavailable."""
    host_policy: HostPolicy
    shared_origins: Sequence[str]
    """Origins whose web pages may call MCP and read the OAuth metadata (CORS)."""
    max_body_bytes: int
    request_timeout_seconds: float


def create_web(  # noqa: PLR0913  the parts of the app
    *,
    mcp: ASGIApp,
    mcp_paths: Sequence[str],
    metadata_routes: Sequence[Route],
    public_routes: Sequence[BaseRoute],
    protection: Protection,
    health: Health,
    shutdown: GracefulShutdown,
) -> ASGIApp:
    """Build the app. The middleware does not authenticate `metadata_routes` and `public_routes`."""
    hosts = protection.host_policy
    protected_mcp = HostOriginMiddleware(protection.authenticate(mcp), hosts)
    metrics_app = protection.authenticate_metrics(Route("/metrics", metrics).app)
    routes = [
        Route("/healthz", health.healthz, methods=["GET"]),
        Route("/readyz", health.readyz, methods=["GET"]),
        Route("/metrics", HostOriginMiddleware(metrics_app, hosts)),
        *(Route(path, protected_mcp) for path in mcp_paths),
        *metadata_routes,
        *public_routes,
    ]
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(ShutdownMiddleware, shutdown=shutdown),
            Middleware(
                BodyLimitMiddleware,
                max_bytes=protection.max_body_bytes,
                seconds=protection.request_timeout_seconds,
                mcp_paths=mcp_paths,
            ),
        ],
        exception_handlers={Exception: _internal_error},
    )
    app.router.redirect_slashes = False
    shared_paths = [*mcp_paths, *(route.path for route in metadata_routes)]
    origins = protection.shared_origins
    shared = CorsMiddleware(app, origins=origins, paths=shared_paths) if origins else app
    table = RouteTable(route for route in routes if isinstance(route, Route))
    return TrailingSlashMiddleware(ResponseCounter(shared, table), table)


async def _internal_error(_request: Request, _error: Exception) -> Response:
    """Respond to an unexpected error without its details, which are logged."""
    return error_response(500, ErrorCode.INTERNAL, "Something went wrong in the booking system.")


class RouteTable:
    """Names of the routes by path."""

    def __init__(self, routes: Iterable[Route]) -> None:
        routes = list(routes)
        self._paths = frozenset(route.path for route in routes)
        self._patterns = [(route.path_regex, route.path) for route in routes if "{" in route.path]

    def name(self, path: str) -> str:
        """Return the pattern of a path's route: a metric label with few values."""
        if path in self._paths:
            return path
        return next((name for pattern, name in self._patterns if pattern.match(path)), OTHER)


class TrailingSlashMiddleware:
    """Middleware that serves a route with and without a trailing slash.

    Starlette would redirect to the scheme and host that it sees behind a proxy.
    """

    def __init__(self, app: ASGIApp, table: RouteTable) -> None:
        self._app = app
        self._table = table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] == "http" and self._table.name(path := path_in_app(scope)) == OTHER:
            alternative = path.rstrip("/") if path.endswith("/") else f"{path}/"
            if self._table.name(alternative) != OTHER:
                scope = {**scope, "path": scope.get("root_path", "") + alternative}
        await self._app(scope, receive, send)


class ResponseCounter:
    """Middleware that counts responses by route and status."""

    def __init__(self, app: ASGIApp, table: RouteTable) -> None:
        self._app = app
        self._table = table

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        route = self._table.name(path_in_app(scope))

        async def counting_send(message: Message) -> None:
            if message["type"] == "http.response.start":
                telemetry.record_http_request(route, message["status"])
            await send(message)

        await self._app(scope, receive, counting_send)
