"""What holds of every page: what it may load, who may frame it, and that nobody keeps it."""

import re
from hashlib import sha256
from importlib.resources import files

import pytest

from slotmcp.web.dashboard.app import PANELS
from slotmcp.web.dashboard.static import NAMES
from support.dashboard import Site
from support.denver import PLAN

VENDORED = {
    # htmx.org 2.0.11 and htmx-ext-sse 2.2.4, dist/ of the packages on npm, both 0BSD
    "vendor/htmx.min.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
    "vendor/htmx-sse.min.js": "98a46496de0c3605fbffdce9167ba427bdd9553184f83f149c261891a92c0136",
}
PAGES = [panel.path for panel in PANELS if not panel.is_form and "events" not in panel.path]


def static_folder() -> dict[str, bytes]:
    root = files("slotmcp.web.dashboard").joinpath("static")
    return {name: root.joinpath(*name.split("/")).read_bytes() for name in VENDORED}


def test_what_is_not_ours_is_what_its_authors_have_published() -> None:
    content = static_folder()
    assert {name: sha256(content[name]).hexdigest() for name in VENDORED} == VENDORED


@pytest.mark.parametrize("path", ["/login", *PAGES])
async def test_every_page_says_what_a_browser_may_do_with_it(entered: Site, path: str) -> None:
    where = path if path == "/login" else f"/{PLAN.project.id}{path}"
    answer = await entered.browser.client.get(f"/dashboard{where}")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_asks_for_what_its_policy_forbids(entered: Site, path: str) -> None:
    page = (await entered.browser.get(f"/{PLAN.project.id}{path}")).text
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script>|javascript:|https?://(?!www\.w3\.org)", page)


async def test_what_a_page_loads_is_kept_for_ever_under_its_hash(entered: Site) -> None:
    page = (await entered.browser.get()).text
    loaded = re.findall(r'(?:href|src)="(/dashboard/static/[^"]+)"', page)
    assert len(loaded) == len(NAMES)
    for address in loaded:
        answer = await entered.browser.client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_an_old_address_has_the_newest_and_no_other_file_is_to_be_had(site: Site) -> None:
    client = site.browser.client
    old = await client.get("/dashboard/static/000000000000/dashboard.css")
    assert (old.status_code, old.headers["cache-control"]) == (200, "no-cache")
    for name in ("../pages.py", "..%2fpages.py", "vendor", "nothing.css"):
        answer = await client.get(f"/dashboard/static/000000000000/{name}", follow_redirects=True)
        assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/nowhere/at/all", f"/{PLAN.project.id}/nonsense"])
async def test_where_no_page_is_one_says_so_and_leads_back(entered: Site, path: str) -> None:
    answer = await entered.browser.get(path)
    assert answer.status_code == 404
    assert "There is no page at this address." in answer.text
    assert 'href="/dashboard"' in answer.text


@pytest.mark.parametrize("path", ["/", f"/{PLAN.project.id}/", f"/{PLAN.project.id}/reports/"])
async def test_a_slash_too_many_leads_where_it_was_meant_to(entered: Site, path: str) -> None:
    answer = await entered.browser.get(path)
    assert (answer.status_code, answer.url.path.endswith("/")) == (200, False)
