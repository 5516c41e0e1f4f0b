"""Browser tests: businesses on a real server, pages opened in Chromium, and a record of errors."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any, Final
from urllib.parse import urlsplit

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, Response, async_playwright

from slotmcp.demo.callers import CallSimulator
from slotmcp.domain.access import Scope
from slotmcp.domain.catalog import Technician
from slotmcp.domain.recurrence import WallSpan, WeeklySpan
from slotmcp.services.imports import ProjectPlan
from slotmcp.services.reporting.reports import ReportRequest
from slotmcp.web.dashboard.request import COOKIE
from support.denver import DENVER, PLAN
from support.fleets import until
from support.http_server import Database, HttpServer
from support.server import Body, body_of

KIM: Final = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
CHROMIUM: Final = "/usr/bin/chromium"
EVERY_DAY: Final = frozenset(range(7))
_CALLS: Final = 20
DEFAULT_TIMEOUT_MS: Final = 10_000
_HTTP_ERROR: Final = 400
_numbers = count(1)


def daily(start_hour: int, end_hour: int) -> tuple[WeeklySpan, ...]:
    """Return the same span for every day."""
    return (WeeklySpan(days=EVERY_DAY, span=WallSpan(start_minute=start_hour * 60, end_minute=end_hour * 60)),)


def all_week(technician: Technician) -> Technician:
    """Return the technician with shifts on every day, because tests run on any day."""
    breaks = tuple(replace(span, days=EVERY_DAY) for span in technician.breaks)
    return replace(technician, shifts=daily(8, 17), breaks=breaks)


@dataclass(frozen=True, slots=True)
class Business:
    """One of the server's businesses, used by one test."""

    server: HttpServer
    schedules: Database
    id: str
    key: str = field(repr=False)
    """Operator key of this business."""
    known: Mapping[str, str] = field(default_factory=dict)
    """Values of the placeholders in page paths."""

    @property
    def tomorrow(self) -> date:
        """Tomorrow in the business's time zone."""
        return datetime.now(UTC).astimezone(DENVER).date() + timedelta(days=1)

    def at(self, time: str) -> str:
        """Return a local time of tomorrow, as tools and forms accept it."""
        return f"{self.tomorrow}T{time}"

    def url(self, path: str = "") -> str:
        """Return the URL of a page; without a path, the board."""
        return f"{self.server.url}/dashboard/{self.id}{path}"

    @property
    def board(self) -> str:
        """URL of tomorrow's board."""
        return self.url(f"?day={self.tomorrow}")

    @asynccontextmanager
    async def line(self, call_id: str) -> AsyncIterator[Client]:
        """Open an MCP client over HTTP."""
        headers = {"Authorization": f"Bearer {self.key}", "X-Call-Id": call_id}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=60) as http,
            Client(streamable_http_client(f"{self.server.url}/mcp", http_client=http)) as client,
        ):
            yield client

    async def call(self, tool: str, **arguments: object) -> Body:
        """Call a tool and return its result."""
        async with self.line(f"call-{next(_numbers)}") as client:
            return body_of(await client.call_tool(tool, arguments))

    async def book(self, time: str, **facts: str) -> Body:
        """Book a time of tomorrow through MCP."""
        body = await self.call("book_slot", start=self.at(time), **{**KIM, **facts})
        booking: Body = body["booking"]
        return booking


async def open_business(server: HttpServer, schedules: Database, plan: ProjectPlan = PLAN) -> Business:
    """Import a new business that is open every day."""
    project_id = f"business-{next(_numbers)}"
    technicians = tuple(map(all_week, plan.technicians))
    own_plan = replace(plan, project=replace(plan.project, id=project_id), technicians=technicians)
    await schedules.app.projects.import_project(own_plan, prune=False)
    new_key = await schedules.app.access.create(Scope.OPERATOR, project=project_id)
    return Business(server, schedules, project_id, new_key.token)


async def open_lively_business(server: HttpServer, schedules: Database) -> Business:
    """Import a business with bookings, holds, refusals, traces, time off and an unavailable technician."""
    business = await open_business(server, schedules)
    callers = CallSimulator(business.line, seed=5, pause=at_once)
    await callers.run(_CALLS, concurrency=3)
    booking = (await business.book("10:00"))["bookingId"]
    trace = (await business.call("get_slots"))["traceId"]
    await business.call("create_hold", start=business.at("13:00"), customerHash="lee")
    away = {"start": business.at("15:00"), "end": business.at("17:00"), "reason": "dentist"}
    await business.call("add_time_off", technicianId="t-ben", **away)
    await business.call("set_technician_status", technicianId="t-ana", status="off")

    async def are_traces_written() -> bool:
        report = (await schedules.app.reports.get_metrics(ReportRequest(project_id=business.id))).report
        return report.funnel.conversations > _CALLS + 2

    await until(are_traces_written)
    return replace(business, known={"booking": booking, "trace": trace})


async def at_once(seconds: float) -> None:
    """Skip a caller's pause."""
    del seconds


@dataclass  # Playwright sets attributes on listeners: no slots
class Watch:
    """Record of browser errors and HTTP errors."""

    origin: str
    faults: list[str] = field(default_factory=list)
    """Script errors, violations of the content security policy, and requests to other origins."""
    refused: list[int] = field(default_factory=list)
    """Statuses of HTTP errors. A test removes those that it expects."""

    def observe(self, context: BrowserContext) -> None:
        """Observe all pages of a context."""
        context.on("console", self._console)
        context.on("weberror", lambda error: self.faults.append(str(error.error)))
        context.on("request", lambda request: self._requested(request.url))
        context.on("response", self._answered)

    def _console(self, message: ConsoleMessage) -> None:
        is_http_error = message.text.startswith("Failed to load resource: the server responded")
        if message.type in {"error", "warning"} and not is_http_error:
            self.faults.append(message.text)

    def _requested(self, url: str) -> None:
        if not url.startswith((f"{self.origin}/dashboard", "data:")):
            self.faults.append(f"requested {url}")

    def _answered(self, response: Response) -> None:
        if response.status >= _HTTP_ERROR:
            self.refused.append(response.status)


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Launch Debian's Chromium without a window."""
    options = ["--disable-dev-shm-usage", "--disable-gpu"]
    async with async_playwright() as playwright:
        # CI runs as root, which has no sandbox
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=False, args=options)
        yield browser
        await browser.close()


Look = Callable[..., Awaitable[Page]]
"""Function that opens a URL as a business's operator, with options of the browser context."""


@asynccontextmanager
async def looking(browser: Browser, watch: Watch) -> AsyncIterator[Look]:
    """Open pages, each in its own logged-in browser context, and close them at the end."""
    contexts: list[BrowserContext] = []

    async def look(url: str, business: Business | None = None, **options: Any) -> Page:  # noqa: ANN401  options of a browser context
        context = await browser.new_context(**options)
        context.set_default_timeout(DEFAULT_TIMEOUT_MS)
        contexts.append(context)
        watch.observe(context)
        if business is not None:
            session = await business.schedules.app.sessions.begin(business.key)
            assert session is not None
            host = urlsplit(watch.origin).hostname or ""
            await context.add_cookies([{"name": COOKIE, "value": session.value, "domain": host, "path": "/dashboard"}])
        page = await context.new_page()
        await page.goto(url)
        return page

    try:
        yield look
    finally:
        for context in contexts:
            await context.close()
