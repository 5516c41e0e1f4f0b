"""One Starlette app: MCP, health and metrics, and the places of what else is mounted."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from slotmcp import telemetry
from slotmcp.web.answers import path_of, refusal
from slotmcp.web.health import Health, metrics
from slotmcp.web.host_origin import HostOriginMiddleware, Places
from slotmcp.web.limits import BoundedBody
from slotmcp.web.stopping import RefuseWhileStopping, Stopping

OTHER = "other"
"""How a path is counted that is none of ours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Faces:
    """What stands behind the door, and where."""

    mcp: ASGIApp
    mcp_paths: tuple[str, ...]
    public: Sequence[BaseRoute] = ()
    """What lets in whom it likes: where tokens can be had, webhooks, the dashboard."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """How to get behind the door."""

    guard: Callable[[ASGIApp], ASGIApp]
    """Lets through who may call, and says who it is."""
    guard_of_metrics: Callable[[ASGIApp], ASGIApp]
    """The same, while the database is away as well."""
    places: Places
    max_body_bytes: int

    def before(self, app: ASGIApp) -> ASGIApp:
        """An app, with the entrance before it."""
        return HostOriginMiddleware(self.guard(app), self.places)

    def before_metrics(self, app: ASGIApp) -> ASGIApp:
        """An app that tells how the server is, with the entrance before it."""
        return HostOriginMiddleware(self.guard_of_metrics(app), self.places)


def create_web(faces: Faces, entrance: Entrance, *, health: Health, stopping: Stopping) -> ASGIApp:
    """The app."""
    routes = [
        Route("/healthz", health.healthz, methods=["GET"]),
        Route("/readyz", health.readyz, methods=["GET"]),
        Route("/metrics", entrance.before_metrics(Route("/metrics", metrics).app)),
        *(Route(path, entrance.before(faces.mcp)) for path in faces.mcp_paths),
        *faces.public,
    ]
    app = Starlette(
        routes=routes,
        middleware=[
            Middleware(RefuseWhileStopping, stopping=stopping),
            Middleware(BoundedBody, max_bytes=entrance.max_body_bytes),
        ],
        exception_handlers={Exception: _broken},
    )
    return Counted(app, [route for route in routes if isinstance(route, Route)])


async def _broken(_request: Request, _error: Exception) -> Response:
    """A mistake of slotmcp's own: logged by whoever serves, and nothing of it told."""
    return refusal(500, "internal", "Something went wrong in the booking system.")


class Counted:
    """Counts the answers."""

    def __init__(self, app: ASGIApp, routes: Sequence[Route]) -> None:
        self._app = app
        self._paths = frozenset(route.path for route in routes)
        self._patterns = [(route.path_regex, route.path) for route in routes if "{" in route.path]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        route = self._route(path_of(scope))

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                telemetry.http_answered(route, message["status"])
            await send(message)

        await self._app(scope, receive, counted)

    def _route(self, path: str) -> str:
        """What a path is counted as: as it stands in the list of routes, so that there are few."""
        if path in self._paths:
            return path
        return next((name for pattern, name in self._patterns if pattern.match(path)), OTHER)
