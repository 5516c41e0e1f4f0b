"""Dashboard in this process, with an HTTP client that keeps cookies and follows redirects."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2

from slotmcp.asgi import HttpApp, ServeOptions
from slotmcp.domain.access import Scope
from slotmcp.services.imports import ProjectPlan
from slotmcp.settings import Settings
from support.denver import PLAN
from support.http_server import Database, open_database, running

OWN: Final = "http://slots.example"


@dataclass(frozen=True, slots=True)
class Browser:
    """Client that loads pages and submits forms."""

    client: httpx2.AsyncClient

    async def get(self, path: str = "", **headers: str) -> httpx2.Response:
        """Load a page below /dashboard and follow redirects."""
        return await self.client.get(f"/dashboard{path}", headers=_header_names(headers), follow_redirects=True)

    async def log_in(self, key: str) -> httpx2.Response:
        """Submit the login form."""
        return await self.send("/login", key=key)

    async def send(self, path: str, **fields: str) -> httpx2.Response:
        """Submit a form with the session's form token."""
        token = await self.form_token()
        return await self.client.post(
            f"/dashboard{path}",
            data={"form_token": token, **fields},
            headers={"Origin": OWN, "Sec-Fetch-Site": "same-origin"},
            follow_redirects=True,
        )

    async def form_token(self) -> str:
        """Return the session's form token, or an empty string."""
        match = re.search(r'name="form_token" value="(\w*)"', (await self.get()).text)
        return match.group(1) if match else ""


@dataclass(frozen=True, slots=True)
class Site:
    """Server, its database, and a browser."""

    schedules: Database
    app: HttpApp
    browser: Browser

    async def key(self, scope: Scope = Scope.OPERATOR, *, project: str | None = "*") -> str:
        """Create a key."""
        return (await self.schedules.app.access.create(scope, project=project)).token

    @asynccontextmanager
    async def another_browser(self, base_url: str = OWN) -> AsyncIterator[Browser]:
        """Open a second browser."""
        transport = httpx2.ASGITransport(app=self.app)
        async with httpx2.AsyncClient(transport=transport, base_url=base_url) as client:
            yield Browser(client)


@asynccontextmanager
async def open_site(
    folder: Path,
    *plans: ProjectPlan,
    serving: ServeOptions | None = None,
    **settings: Any,  # noqa: ANN401  settings of every type
) -> AsyncIterator[Site]:
    """Open a dashboard on its own database, without a login."""
    path = folder / "slotmcp.db"
    async with open_database(path, *(plans or (PLAN,))) as schedules:
        all_settings = Settings(database_url=f"sqlite:///{path}", calcom_sync_seconds=0, **settings)
        app = HttpApp(all_settings, serving or ServeOptions())
        transport = httpx2.ASGITransport(app=app)
        async with running(app), httpx2.AsyncClient(transport=transport, base_url=OWN) as client:
            yield Site(schedules, app, Browser(client))


def _header_names(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
