"""Login, sessions, and protection of the dashboard's forms."""

import hmac
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from slotmcp.asgi import HttpApp, ServeOptions
from slotmcp.domain.access import Scope
from slotmcp.services.imports import ProjectPlan
from slotmcp.settings import Settings
from slotmcp.web.dashboard.app import ROUTES
from slotmcp.web.dashboard.request import COOKIE, MAX_FIELDS
from support.dashboard import OWN, Site, open_site
from support.denver import PLAN
from support.http_server import open_database, running
from support.sqlite_file import rows

PAGES = [route.path for route in ROUTES if not route.is_form]
FORMS = [route.path for route in ROUTES if route.is_form]


def in_project(path: str) -> str:
    """Return the path of a page in the project, with placeholder ids."""
    return f"/{PLAN.project.id}{path}".replace("{", "").replace("}", "")


async def log_in(site: Site, key: str, **headers: str) -> tuple[int, str]:
    answer = await site.browser.client.post("/dashboard/login", data={"key": key}, headers=headers)
    return answer.status_code, answer.headers.get("set-cookie", "")


async def test_an_operators_key_opens_the_board(site: Site) -> None:
    answer = await site.browser.log_in(await site.key())
    assert (answer.status_code, answer.url.path) == (200, f"/dashboard/{PLAN.project.id}")
    assert escape(PLAN.project.name) in answer.text
    again = await site.browser.get("/login")
    assert again.url.path == f"/dashboard/{PLAN.project.id}", "a logged-in operator skips the form"


@pytest.mark.parametrize(("separators", "status"), [(MAX_FIELDS - 1, 303), (MAX_FIELDS, 400)])
async def test_the_fields_of_a_form_are_limited(site: Site, separators: int, status: int) -> None:
    form = f"key={await site.key()}{'&' * separators}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await site.browser.client.post("/dashboard/login", content=form, headers=headers)
    assert answer.status_code == status
    assert ("A form has at most 100 fields" in answer.text) == (status == 400)


async def test_the_cookie_is_private_to_the_browser(site: Site) -> None:
    status, cookie = await log_in(site, f"  {await site.key()} ")
    assert status == 303
    attributes = {part.strip().lower() for part in cookie.split(";")}
    assert {"httponly", "samesite=strict", "path=/dashboard", "max-age=43200"} <= attributes
    assert "secure" not in attributes
    assert "slk_" not in cookie


async def test_the_cookie_is_secure_when_the_public_url_is_https(tmp_path: Path) -> None:
    async with open_site(tmp_path, public_url=OWN.replace("http", "https")) as site:
        _, cookie = await log_in(site, await site.key())
    assert "secure" in cookie.lower()


async def invalid_keys(site: Site) -> dict[str, str]:
    access = site.schedules.app.access
    valid = await site.key()
    revoked = await access.create(Scope.OPERATOR, project="*")
    await access.revoke(revoked.key.id)
    expired = await access.create(Scope.OPERATOR, project="*", lifetime_ms=0)
    return {
        "caller": await site.key(Scope.CALLER),
        "wrong": valid[:-1] + ("A" if valid[-1] != "A" else "B"),
        "revoked": revoked.token,
        "expired": expired.token,
        "nonsense": "let me in",
        "empty": "",
    }


async def test_an_invalid_key_is_rejected_with_a_hint(site: Site) -> None:
    for kind, key in (await invalid_keys(site)).items():
        answer = await site.browser.log_in(key)
        assert answer.status_code == 401, kind
        assert "slotmcp keys create --scope operator" in answer.text
        assert not site.browser.client.cookies, kind
        assert (await site.browser.get()).url.path == "/dashboard/login"


async def test_a_session_ends_with_its_key(logged_in: Site) -> None:
    assert (await logged_in.browser.get(in_project(""))).url.path == f"/dashboard{in_project('')}"
    (key, *_), _ = await logged_in.schedules.app.access.list()
    await logged_in.schedules.app.access.revoke(key.id)
    assert (await logged_in.browser.get(in_project(""))).url.path == "/dashboard/login"


async def test_a_copy_of_the_database_does_not_open_the_dashboard(logged_in: Site) -> None:
    cookie, path = cookie_of(logged_in), logged_in.schedules.path
    ((key_id, secret_hash),) = rows(path, "SELECT id, secret_hash FROM access_keys")
    ((session_id,),) = rows(path, "SELECT id FROM dashboard_sessions")
    assert cookie not in repr(rows(path, "SELECT * FROM dashboard_sessions"))
    signed = f"{key_id}.{10**14}"
    signature = hmac.digest(secret_hash.encode(), b"slotmcp dashboard session\0" + signed.encode(), "sha256").hex()
    form_token = hmac.digest(session_id.encode(), b"slotmcp dashboard form", "sha256").hex()
    assert form_token != await logged_in.browser.form_token()
    guesses = (f"{signed}.{signature}", session_id, secret_hash, key_id, f"{cookie}x", "a" * 100_000, "é.1.x", "")
    for forged in guesses:
        answer = await get_with_cookie(logged_in, in_project(""), forged)
        assert answer.headers["location"] == "/dashboard/login", forged[:99]
    assert (await get_with_cookie(logged_in, in_project(""), cookie)).status_code == 200


async def test_each_login_has_its_own_session_and_form_token(logged_in: Site) -> None:
    first, token = cookie_of(logged_in), await logged_in.browser.form_token()
    async with logged_in.another_browser() as browser:
        await browser.log_in(await logged_in.key())
        assert await browser.form_token() not in {token, ""}
    assert (await get_with_cookie(logged_in, in_project(""), first)).status_code == 200
    await logged_in.browser.log_in(await logged_in.key())
    assert cookie_of(logged_in) != first
    replaced = await get_with_cookie(logged_in, in_project(""), first)
    assert replaced.status_code == 303, "a new login in the same browser replaces its session"


def cookie_of(site: Site) -> str:
    (cookie,) = site.browser.client.cookies.jar
    return str(cookie.value)


async def get_with_cookie(site: Site, path: str, cookie: str) -> httpx2.Response:
    async with site.another_browser() as browser:
        return await browser.client.get(f"/dashboard{path}", headers={b"Cookie": f"{COOKIE}={cookie}".encode()})


async def test_logout_ends_the_session_everywhere(logged_in: Site) -> None:
    cookie = cookie_of(logged_in)
    app = HttpApp(Settings(database_url=f"sqlite:///{logged_in.schedules.path}"))
    transport = httpx2.ASGITransport(app=app)
    async with running(app), httpx2.AsyncClient(transport=transport, base_url=OWN) as another_server:
        headers = {"Cookie": f"{COOKIE}={cookie}"}
        before = await another_server.get(f"/dashboard{in_project('')}", headers=headers)
        answer = await logged_in.browser.send("/logout")
        after = await another_server.get(f"/dashboard{in_project('')}", headers=headers)
    assert (before.status_code, after.status_code) == (200, 303)
    assert answer.url.path == "/dashboard/login"
    assert not logged_in.browser.client.cookies
    assert (await get_with_cookie(logged_in, in_project(""), cookie)).headers["location"] == "/dashboard/login"
    assert rows(logged_in.schedules.path, "SELECT * FROM dashboard_sessions") == []


@pytest.mark.parametrize("path", PAGES)
async def test_every_page_redirects_to_login_without_a_session(site: Site, path: str) -> None:
    answer = await site.browser.client.get(f"/dashboard{in_project(path)}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/login")
    fragment = await site.browser.client.get(f"/dashboard{in_project(path)}", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment.headers["hx-redirect"]) == (401, "/dashboard/login")


@pytest.mark.parametrize("path", [*PAGES, *FORMS])
async def test_pages_of_another_project_are_not_found(tmp_path: Path, path: str) -> None:
    other = f"/elsewhere{path}".replace("{", "").replace("}", "")
    async with open_site(tmp_path) as site:
        await site.browser.log_in(await site.key(project=PLAN.project.id))
        method = "POST" if path in FORMS else "GET"
        data = {"form_token": await site.browser.form_token()}
        answer = await site.browser.client.request(method, f"/dashboard{other}", data=data)
    assert answer.status_code == 404
    assert "elsewhere" in answer.text
    assert "Go to the dashboard" in answer.text


@pytest.mark.parametrize("path", ["/logout", *FORMS])
@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param({"data": {}}, id="no token"),
        pytest.param({"data": {"form_token": "0" * 64}}, id="a wrong token"),
        pytest.param({"headers": {"X-Form-Token": "é".encode()}}, id="a token that is not ASCII"),
        pytest.param({"headers": {"Origin": "https://evil.example"}, "right": True}, id="another site"),
        pytest.param({"headers": {"Origin": "null"}, "right": True}, id="an opaque origin"),
        pytest.param({"headers": {"Sec-Fetch-Site": "cross-site"}, "right": True}, id="a cross-site fetch"),
        pytest.param({"headers": {"Sec-Fetch-Site": "same-site"}, "right": True}, id="a same-site fetch"),
    ],
)
async def test_a_form_from_another_site_is_rejected(logged_in: Site, path: str, wrong: dict[str, Any]) -> None:
    token = {"form_token": await logged_in.browser.form_token()} if "right" in wrong else {}
    url = "/dashboard" + (path if path == "/logout" else in_project(path))
    answer = await logged_in.browser.client.post(
        url, data={**token, **wrong.get("data", {})}, headers=wrong.get("headers", {})
    )
    assert answer.status_code == 403
    assert "reload the page" in answer.text
    assert (await logged_in.browser.get(in_project(""))).url.path == f"/dashboard{in_project('')}", "still logged in"


async def test_a_login_from_another_site_is_rejected(site: Site) -> None:
    status, cookie = await log_in(site, await site.key(), Origin="https://evil.example")
    assert (status, cookie) == (403, "")


async def test_the_start_page_lists_the_accessible_projects(tmp_path: Path) -> None:
    answer: httpx2.Response
    async with open_site(tmp_path) as site:
        await site.schedules.app.projects.import_project(another(), prune=False)
        await site.browser.log_in(await site.key())
        answer = await site.browser.get()
        await site.browser.log_in(await site.key(project="second"))
        only = await site.browser.get()
    assert f'href="/dashboard/{PLAN.project.id}"' in answer.text
    assert 'href="/dashboard/second"' in answer.text
    assert only.url.path == "/dashboard/second"


def another() -> ProjectPlan:
    return replace(PLAN, project=replace(PLAN.project, id="second", name="Second"))


async def test_without_projects_the_start_page_explains_the_import(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    async with open_database(path) as schedules:
        key = (await schedules.app.access.create(Scope.OPERATOR, project="*")).token
        app = HttpApp(Settings(database_url=f"sqlite:///{path}"))
        transport = httpx2.ASGITransport(app=app)
        async with (
            app.running(),
            httpx2.AsyncClient(transport=transport, base_url=OWN, follow_redirects=True) as client,
        ):
            answer = await client.post("/dashboard/login", data={"key": key})
    assert "slotmcp import FILE" in answer.text


async def test_an_open_server_needs_no_login_and_rejects_other_sites(tmp_path: Path) -> None:
    async with open_site(tmp_path, serving=ServeOptions(is_open=True, is_local=True)) as site:
        client = site.browser.client
        local = {"Host": "localhost"}
        board = await client.get(f"/dashboard{in_project('')}", headers=local)
        elsewhere = await client.get(f"/dashboard{in_project('')}", headers={"Host": "evil.example"})
        forged = await client.post("/dashboard/logout", headers={**local, "Origin": "http://evil.example"})
    assert (board.status_code, elsewhere.status_code, forged.status_code) == (200, 421, 403)
    assert "Log out" not in board.text


async def test_a_mounted_dashboard_keeps_every_url_below_its_mount_path(tmp_path: Path) -> None:
    path = tmp_path / "slotmcp.db"
    async with open_database(path, PLAN) as schedules:
        key = (await schedules.app.access.create(Scope.OPERATOR, project="*")).token
        app = HttpApp(Settings(database_url=f"sqlite:///{path}"))
        host = httpx2.ASGITransport(app=Starlette(routes=[Mount("/booking", app=app)]))
        async with app.running(), httpx2.AsyncClient(transport=host, base_url=OWN, follow_redirects=True) as client:
            login = await client.get("/booking/dashboard")
            board = await client.post("/booking/dashboard/login", data={"key": key})
    assert login.url.path == "/booking/dashboard/login"
    assert board.url.path == f"/booking/dashboard/{PLAN.project.id}"
    assert '"/dashboard' not in board.text
    assert '"/booking/dashboard' in board.text
