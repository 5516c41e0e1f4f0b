"""What every page asks of a browser: nothing but ours is loaded, run, framed or told."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlsplit

from starlette.datastructures import Headers

_POLICY: Final = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "connect-src 'self'",
    "manifest-src 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
    "base-uri 'none'",
)
SECURITY: Final[Mapping[str, str]] = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "X-Content-Type-Options": "nosniff",
    # with no-referrer a browser would not say which origin a form comes from
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
PRIVATE: Final[Mapping[str, str]] = {**SECURITY, "Cache-Control": "no-store"}
"""Of pages: they are about customers."""
_OWN_SITES: Final = {"", "same-origin", "none"}


def is_own(headers: Headers) -> bool:
    """Whether a request comes from a page of this server's own, as far as the browser says."""
    origin, host = headers.get("origin"), headers.get("host", "")
    is_own_origin = origin is None or urlsplit(origin).netloc == host
    return is_own_origin and headers.get("sec-fetch-site", "") in _OWN_SITES
