"""Starlette app of the HTTP interface: tool calls, health, metrics, and the public routes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
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
from slotmcp.web.limits import BodyLimit, BodyLimitMiddleware
from slotmcp.web.responses import error_response, path_in_app
from slotmcp.web.shutdown import GracefulShutdown, ShutdownMiddleware

OTHER = "other"
"""Metric label of every path without a route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protection:
    """Access checks in front of tool calls and the metrics."""

    authenticate: Callable[[ASGIApp], ASGIApp]
    """Middleware that authenticates a request."""
    authenticate_metrics: Callable[[ASGIApp], ASGIApp]
    """Like `authenticate`, for metrics. It also works while the database is unavailable."""
    host_policy: HostPolicy
    shared_origins: Sequence[str]
    """Origins whose web pages may call tools and read the OAuth metadata (CORS)."""
    max_body_bytes: int
    request_timeout_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRoute:
    """Route of tool calls, by one of their protocols. Web pages of the shared origins may use it."""

    path: str
    app: ASGIApp
    limit: BodyLimit
    methods: Sequence[str] | None = None
    """None: all; the app checks them."""
    authenticate: Callable[[ASGIApp], ASGIApp] | None = None
    """Middleware that authenticates a request; None: that of all tool calls."""


def create_web(  # noqa: PLR0913  the parts of the app
    *,
    call_routes: Sequence[CallRoute],
    metadata_routes: Sequence[Route],
    public_routes: Sequence[BaseRoute],
    protection: Protection,
    health: Health,
    shutdown: GracefulShutdown,
) -> ASGIApp:
    """Build the app. The middleware does not authenticate `metadata_routes` and `public_routes`."""
    hosts = protection.host_policy
    metrics_app = protection.authenticate_metrics(Route("/metrics", metrics).app)
    routes = [
        Route("/healthz", health.healthz, methods=["GET"]),
        Route("/readyz", health.readyz, methods=["GET"]),
        Route("/metrics", HostOriginMiddleware(metrics_app, hosts)),
        *(_protected(route, protection) for route in call_routes),
        *metadata_routes,
        *public_routes,
    ]
    table = RouteTable(route for route in routes if isinstance(route, Route))

    def route_of(scope: Scope) -> str:
        return table.name(path_in_app(scope))

    limits = {route.path: route.limit for route in call_routes}
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(ShutdownMiddleware, shutdown=shutdown),
            Middleware(
                BodyLimitMiddleware,
                max_bytes=protection.max_body_bytes,
                seconds=protection.request_timeout_seconds,
                find_limit=lambda scope: limits.get(route_of(scope)),
            ),
        ],
        exception_handlers={Exception: _internal_error, 404: _not_found, 405: _method_not_allowed},
    )
    app.router.redirect_slashes = False
    shared_paths = frozenset([*limits, *(route.path for route in metadata_routes)])
    origins = protection.shared_origins
    shared = (
        CorsMiddleware(app, origins=origins, is_shared=lambda scope: route_of(scope) in shared_paths)
        if origins
        else app
    )
    return TrailingSlashMiddleware(ResponseCounter(shared, table), table)


def _protected(route: CallRoute, protection: Protection) -> Route:
    app = (route.authenticate or protection.authenticate)(route.app)
    return Route(route.path, HostOriginMiddleware(app, protection.host_policy), methods=route.methods)


async def _not_found(_request: Request, _error: Exception) -> Response:
    return error_response(404, "not_found", "This server has no such path.")


async def _method_not_allowed(_request: Request, error: Exception) -> Response:
    """Respond to another method, and name the allowed ones."""
    allowed = dict(error.headers or {}) if isinstance(error, HTTPException) else {}
    message = f"Use another method: {allowed.get('Allow', '')}."
    return error_response(405, "method_not_allowed", message, headers=allowed)


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
