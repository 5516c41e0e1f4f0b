"""Cross-origin resource sharing (CORS) for the web pages of listed origins, without cookies."""

import re
from collections.abc import Callable, Collection
from typing import Final

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from slotmcp.web.authentication import API_KEY_HEADER, CALL_HEADERS
from slotmcp.web.host_origin import WRONG_ORIGIN
from slotmcp.web.responses import error_response

METHODS: Final = ("GET", "POST", "DELETE")
REQUEST_HEADERS: Final = ("Authorization", API_KEY_HEADER, "Idempotency-Key", "Last-Event-ID", *CALL_HEADERS)
"""Request headers that pages may send, in addition to every header that begins with `Mcp-`."""
EXPOSED_HEADERS: Final = ("Mcp-Session-Id", "Retry-After", "WWW-Authenticate")
"""Response headers that pages may read."""
_MCP_HEADER: Final = re.compile(r"mcp-[a-z0-9-]+")


class CorsMiddleware(CORSMiddleware):
    """Middleware that lets pages of the origins call shared routes. An origin may end in `:*` for any port.

    It answers preflight requests itself, because browsers send them without a credential.
    """

    def __init__(self, app: ASGIApp, *, origins: Collection[str], is_shared: Callable[[Scope], bool]) -> None:
        self._is_shared = is_shared
        self._origin_pattern = "|".join(re.escape(origin).replace(r":\*", r":\d+") for origin in origins)
        super().__init__(app, allow_origin_regex=self._origin_pattern, expose_headers=EXPOSED_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        is_shared = scope["type"] == "http" and self._is_shared(scope)
        await (super().__call__ if is_shared else self.app)(scope, receive, send)

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return the permissions of a page: the allowed headers include the `Mcp-` headers that it requests."""
        if not self.is_allowed_origin(request_headers["origin"]):
            return error_response(403, "wrong_origin", WRONG_ORIGIN)
        requested = request_headers.get("access-control-request-headers", "").lower().split(",")
        mcp_headers = filter(_MCP_HEADER.fullmatch, map(str.strip, requested))
        preflight = CORSMiddleware(
            self.app,
            allow_origin_regex=self._origin_pattern,
            allow_methods=METHODS,
            allow_headers=(*REQUEST_HEADERS, *mcp_headers),
            allow_private_network=True,
        )
        return preflight.preflight_response(request_headers)
