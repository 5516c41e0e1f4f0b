"""Who comes in to the dashboard, and who does not."""

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
from slotmcp.web.dashboard.app import PANELS
from slotmcp.web.dashboard.login import TRIES
from slotmcp.web.dashboard.request import COOKIE
from support.dashboard import OWN, Site, open_site
from support.denver import PLAN
from support.http_server import open_books

GET_PANELS = [panel.path for panel in PANELS if not panel.is_form]
FORMS = [panel.path for panel in PANELS if panel.is_form]


def at(path: str) -> str:
    """A page of the project, whatever it is about."""
    return f"/{PLAN.project.id}{path}".replace("{", "").replace("}", "")


async def cookies_of(site: Site, key: str, **headers: str) -> tuple[int, str]:
    answer = await site.browser.client.post("/dashboard/login", data={"key": key}, headers=headers)
    return answer.status_code, answer.headers.get("set-cookie", "")


async def test_an_operators_key_opens_the_board(site: Site) -> None:
    answer = await site.browser.log_in(await site.key())
    assert (answer.status_code, answer.url.path) == (200, f"/dashboard/{PLAN.project.id}")
    assert escape(PLAN.project.name) in answer.text
    again = await site.browser.get("/login")
    assert again.url.path == f"/dashboard/{PLAN.project.id}", "who is in is not asked again"


async def test_the_browser_keeps_it_to_itself(site: Site) -> None:
    status, cookie = await cookies_of(site, f"  {await site.key()} ")
    assert status == 303
    said = {part.strip().lower() for part in cookie.split(";")}
    assert {"httponly", "samesite=strict", "path=/dashboard", "max-age=43200"} <= said
    assert "secure" not in said
    assert "slk_" not in cookie


async def test_where_the_address_is_https_it_is_never_sent_in_clear(tmp_path: Path) -> None:
    async with open_site(tmp_path, public_url=OWN.replace("http", "https")) as site:
        _, cookie = await cookies_of(site, await site.key())
    assert "secure" in cookie.lower()


async def keys_that_are_no_good(site: Site) -> dict[str, str]:
    access = site.schedules.app.access
    good = await site.key()
    revoked = await access.create(Scope.OPERATOR, project="*")
    await access.revoke(revoked.key.id)
    over = await access.create(Scope.OPERATOR, project="*", lifetime_ms=0)
    return {
        "a caller's": await site.key(Scope.CALLER),
        "wrong": good[:-1] + ("A" if good[-1] != "A" else "B"),
        "revoked": revoked.token,
        "over": over.token,
        "nonsense": "let me in",
        "empty": "",
    }


async def test_no_other_key_does_and_the_page_says_which_would(site: Site) -> None:
    for which, key in (await keys_that_are_no_good(site)).items():
        answer = await site.browser.log_in(key)
        assert answer.status_code == 401, which
        assert "slotmcp keys create --scope operator" in answer.text
        assert not site.browser.client.cookies, which
        assert (await site.browser.get()).url.path == "/dashboard/login"


async def test_who_tries_too_often_has_to_wait(site: Site) -> None:
    answers = [await site.browser.client.post("/dashboard/login", data={"key": "no"}) for _ in range(TRIES.per_minute)]
    assert {answer.status_code for answer in answers} == {401}
    late = await site.browser.client.post("/dashboard/login", data={"key": await site.key()})
    assert (late.status_code, "Wait a minute" in late.text) == (429, True)


async def test_a_session_ends_with_its_key(entered: Site) -> None:
    assert (await entered.browser.get(at(""))).url.path == f"/dashboard{at('')}"
    (key, *_), _ = await entered.schedules.app.access.list()
    await entered.schedules.app.access.revoke(key.id)
    assert (await entered.browser.get(at(""))).url.path == "/dashboard/login"


async def test_a_session_ends_by_itself_and_cannot_be_made_longer(entered: Site) -> None:
    (kept,) = entered.browser.client.cookies.jar
    key_id, expires, signature = str(kept.value).split(".")
    for forged in (
        f"{key_id}.{int(expires) + 1}.{signature}",
        f"{key_id}.{expires}.{'0' * 64}",
        f"{key_id}.{expires}",
        f"{key_id}.{'9' * 400}.{signature}",
        f"{key_id}.-1.{signature}",
        "é.1.x",
        "",
    ):
        answer = await asked_with(entered, at(""), forged)
        assert answer.headers["location"] == "/dashboard/login", forged


async def asked_with(site: Site, path: str, cookie: str) -> httpx2.Response:
    async with site.another_browser() as browser:
        return await browser.client.get(f"/dashboard{path}", headers={b"Cookie": f"{COOKIE}={cookie}".encode()})


async def test_logging_out_is_for_good_in_this_browser(entered: Site) -> None:
    answer = await entered.browser.send("/logout")
    assert answer.url.path == "/dashboard/login"
    assert not entered.browser.client.cookies


@pytest.mark.parametrize("path", GET_PANELS)
async def test_no_page_is_shown_to_who_is_not_logged_in(site: Site, path: str) -> None:
    answer = await site.browser.client.get(f"/dashboard{at(path)}")
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/login")
    part = await site.browser.client.get(f"/dashboard{at(path)}", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["hx-redirect"]) == (401, "/dashboard/login")


@pytest.mark.parametrize("path", [*GET_PANELS, *FORMS])
async def test_another_projects_pages_are_as_if_they_were_not(tmp_path: Path, path: str) -> None:
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
        pytest.param({"headers": {"X-Form-Token": "é".encode()}}, id="a token that is no text"),
        pytest.param({"headers": {"Origin": "https://evil.example"}, "right": True}, id="another site"),
        pytest.param({"headers": {"Origin": "null"}, "right": True}, id="a site that hides"),
        pytest.param({"headers": {"Sec-Fetch-Site": "cross-site"}, "right": True}, id="another site, by the browser"),
        pytest.param({"headers": {"Sec-Fetch-Site": "same-site"}, "right": True}, id="a sister site"),
    ],
)
async def test_a_form_that_another_site_sends_does_nothing(entered: Site, path: str, wrong: dict[str, Any]) -> None:
    token = {"form_token": await entered.browser.form_token()} if "right" in wrong else {}
    where = "/dashboard" + (path if path == "/logout" else at(path))
    answer = await entered.browser.client.post(
        where, data={**token, **wrong.get("data", {})}, headers=wrong.get("headers", {})
    )
    assert answer.status_code == 403
    assert "load the page again" in answer.text
    assert (await entered.browser.get(at(""))).url.path == f"/dashboard{at('')}", "still logged in"


async def test_nobody_is_logged_in_by_another_site(site: Site) -> None:
    status, cookie = await cookies_of(site, await site.key(), Origin="https://evil.example")
    assert (status, cookie) == (403, "")


async def test_of_several_projects_those_within_reach_are_listed(tmp_path: Path) -> None:
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


async def test_before_anything_was_brought_in_it_says_how(tmp_path: Path) -> None:
    path = tmp_path / "empty.db"
    async with open_books(path) as schedules:
        key = (await schedules.app.access.create(Scope.OPERATOR, project="*")).token
        app = HttpApp(Settings(database_url=f"sqlite:///{path}"))
        transport = httpx2.ASGITransport(app=app)
        async with (
            app.running(),
            httpx2.AsyncClient(transport=transport, base_url=OWN, follow_redirects=True) as client,
        ):
            answer = await client.post("/dashboard/login", data={"key": key})
    assert "slotmcp import FILE" in answer.text


async def test_served_open_nobody_is_asked_and_other_sites_are_refused(tmp_path: Path) -> None:
    async with open_site(tmp_path, serving=ServeOptions(is_open=True, is_local=True)) as site:
        client = site.browser.client
        local = {"Host": "localhost"}
        board = await client.get(f"/dashboard{at('')}", headers=local)
        elsewhere = await client.get(f"/dashboard{at('')}", headers={"Host": "evil.example"})
        forged = await client.post("/dashboard/logout", headers={**local, "Origin": "http://evil.example"})
    assert (board.status_code, elsewhere.status_code, forged.status_code) == (200, 421, 403)
    assert "Log out" not in board.text


async def test_mounted_every_address_is_below_where_it_is(tmp_path: Path) -> None:
    path = tmp_path / "slotmcp.db"
    async with open_books(path, PLAN) as schedules:
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
