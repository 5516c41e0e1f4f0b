"""Pages: templates filled in. What is put into one is text, unless a template itself says otherwise."""

from collections.abc import Callable
from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from slotmcp.web.dashboard.security import PRIVATE

_ENVIRONMENT: Final = Environment(
    loader=PackageLoader("slotmcp.web.dashboard"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(template: str, *, status: int = 200, **told: object) -> HTMLResponse:
    """A template with what it tells, as a page or a part of one."""
    return HTMLResponse(_ENVIRONMENT.get_template(template).render(told), status, dict(PRIVATE))


def add_filter(name: str, function: Callable[..., str]) -> None:
    """Let templates write something in a way of their own: `{{ minute | clock }}`."""
    _ENVIRONMENT.filters[name] = function
