"""Security and caching headers of every page, and static files."""

import re
from hashlib import sha256
from importlib.resources import files

import pytest

from slotmcp.web.dashboard.app import ROUTES
from slotmcp.web.dashboard.static import NAMES
from support.dashboard import Site
from support.denver import PLAN

VENDORED = {
    # htmx.org 2.0.11 and htmx-ext-sse 2.2.4, dist/ of the packages on npm, both 0BSD
    "vendor/htmx.min.js": "d6fdc75f204e6bdefa99b69bf1e6d4ac69b8a364f77929f45c13476b4000f717",
    "vendor/htmx-sse.min.js": "98a46496de0c3605fbffdce9167ba427bdd9553184f83f149c261891a92c0136",
}
PAGES = [route.path for route in ROUTES if not route.is_form and "events" not in route.path]


def static_folder() -> dict[str, bytes]:
    root = files("slotmcp.web.dashboard").joinpath("static")
    return {name: root.joinpath(*name.split("/")).read_bytes() for name in VENDORED}


def test_vendored_files_are_unmodified() -> None:
    content = static_folder()
    assert {name: sha256(content[name]).hexdigest() for name in VENDORED} == VENDORED


@pytest.mark.parametrize("path", ["/login", *PAGES])
async def test_every_page_has_security_headers(logged_in: Site, path: str) -> None:
    url = path if path == "/login" else f"/{PLAN.project.id}{path}"
    answer = await logged_in.browser.client.get(f"/dashboard{url}")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"


@pytest.mark.parametrize("path", PAGES)
async def test_no_page_contains_what_its_policy_forbids(logged_in: Site, path: str) -> None:
    page = (await logged_in.browser.get(f"/{PLAN.project.id}{path}")).text
    assert not re.search(r"\son\w+=|\sstyle=|<style|<script>|javascript:|https?://(?!www\.w3\.org)", page)


async def test_static_files_are_immutable_under_their_hash(logged_in: Site) -> None:
    page = (await logged_in.browser.get()).text
    loaded = re.findall(r'(?:href|src)="(/dashboard/static/[^"]+)"', page)
    assert len(loaded) == len(NAMES)
    for address in loaded:
        answer = await logged_in.browser.client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert "default-src 'none'" in answer.headers["content-security-policy"]


async def test_an_old_hash_gets_the_current_file_and_other_paths_are_not_found(site: Site) -> None:
    client = site.browser.client
    old = await client.get("/dashboard/static/000000000000/dashboard.css")
    assert (old.status_code, old.headers["cache-control"]) == (200, "no-cache")
    for name in ("../pages.py", "..%2fpages.py", "vendor", "nothing.css"):
        answer = await client.get(f"/dashboard/static/000000000000/{name}", follow_redirects=True)
        assert answer.status_code == 404


@pytest.mark.parametrize("path", ["/nowhere/at/all", f"/{PLAN.project.id}/nonsense"])
async def test_an_unknown_path_shows_a_page_with_a_link_back(logged_in: Site, path: str) -> None:
    answer = await logged_in.browser.get(path)
    assert answer.status_code == 404
    assert "Page not found." in answer.text
    assert 'href="/dashboard"' in answer.text


@pytest.mark.parametrize("path", ["/", f"/{PLAN.project.id}/", f"/{PLAN.project.id}/reports/"])
async def test_a_trailing_slash_is_redirected(logged_in: Site, path: str) -> None:
    answer = await logged_in.browser.get(path)
    assert (answer.status_code, answer.url.path.endswith("/")) == (200, False)
