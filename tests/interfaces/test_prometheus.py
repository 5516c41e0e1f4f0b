"""Tests with a real Prometheus that scrapes a server with several workers."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import anyio
import httpx2
import pytest

from slotmcp.domain.access import Scope
from slotmcp.domain.calcom import CalcomConnection
from slotmcp.telemetry.metrics import REGISTRY
from slotmcp.tools.gate import Toolset
from slotmcp.tools.server import select_tools
from support.denver import PLAN, PROJECT
from support.http_server import HttpServer, body_in, call_of, open_database, serving
from support.prometheus import OBSERVABILITY, Prometheus, promtool, scraping
from support.until import until

LINKED: Final = replace(PLAN, project=replace(PROJECT, calcom=CalcomConnection(api_key_env="NO_SUCH_KEY")))
DASHBOARD: Final = json.loads((OBSERVABILITY / "dashboard.json").read_text("utf-8"))
PANELS: Final = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
MACROS: Final = {"$__rate_interval": "30s", "$__range": "2m", "$instance": ".*"}
NOT_HAPPENED: Final = ("slotmcp_calendar_differences_total", "slotmcp_calendar_reconcile_age_seconds")
"""Metrics without values in this run, which has no calendar."""
KIM: Final = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
TRACED: Final = {"get_slots", "create_hold", "book_slot"}


@dataclass
class Line:
    """Client that uses a new connection for each call, so that any worker may accept it."""

    server: HttpServer
    key: str
    traced: int = 0
    calls: int = 0

    async def call(self, call_id: str, tool: str, **arguments: object) -> Any:  # noqa: ANN401  an answer of any tool
        self.calls += 1
        self.traced += tool in TRACED
        request = call_of(tool, projectId=PROJECT.id, **arguments)
        return body_in(await self.server.post(request, self.key, x_call_id=f"phone-{call_id}"))


@dataclass(frozen=True)
class Watched:
    """Server after some calls, and the Prometheus that scraped it."""

    prometheus: Prometheus
    exposition: str
    line: Line


async def phone(line: Line) -> None:
    """Make four calls: two for the same time, one for a closed day, and one that releases its hold."""
    slots = (await line.call("one", "get_slots", serviceType="furnace-check"))["slots"]
    await line.call("two", "get_slots", serviceType="furnace-check")
    wanted = {"serviceType": "furnace-check", "start": slots[0]["start"]}
    hold = await line.call("one", "create_hold", customerHash="one", **wanted)
    assert (await line.call("two", "create_hold", customerHash="two", **wanted))["error"]["code"] == "slot_unavailable"
    await line.call("one", "book_slot", holdToken=hold["holdToken"], **KIM)
    assert not (await line.call("three", "get_slots", serviceType="ac-repair", daysOfWeek="sun"))["slots"]
    other = await line.call(
        "four", "create_hold", serviceType="furnace-check", start=slots[-1]["start"], customerHash="four"
    )
    await line.call("four", "release_hold", holdToken=other["holdToken"])
    await line.call("five", "book_slot", serviceType="furnace-check", start=slots[-1]["start"], **KIM)
    unsigned = f"{line.server.url}/webhooks/calcom/{PROJECT.id}"
    async with httpx2.AsyncClient() as client:
        assert (await client.post(unsigned, content=b"{}")).status_code == 401


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("prometheus")
    path = folder / "slotmcp.db"

    async def key_of_every_project() -> str:
        async with open_database(path, LINKED) as schedules:
            return (await schedules.app.access.create(Scope.OPERATOR, project="*")).token

    key = anyio.run(key_of_every_project)
    with (
        serving(path, "--workers", "2", calcom_sync_seconds="0") as server,
        scraping(folder, server.url, key) as prometheus,
    ):
        until(lambda: prometheus.value("slotmcp_build_info") == 1, "it is scraped")
        line = Line(server, key)
        anyio.run(phone, line)
        until(lambda: prometheus.value("slotmcp_traces_kept_total") == line.traced, "all traces are kept")
        scrapes = prometheus.value("count_over_time(up[1h])")
        until(lambda: prometheus.value("count_over_time(up[1h])") >= scrapes + 2, "two more scrapes have seen it all")
        exposition = httpx2.get(f"{server.url}/metrics", headers={"Authorization": f"Bearer {key}"}).text
        yield Watched(prometheus, exposition, line)


def plain(expression: str) -> str:
    """Return an expression without Grafana's variables."""
    for macro, value in MACROS.items():
        expression = expression.replace(macro, value)
    return expression


def test_promtool_accepts_the_metrics(watched: Watched) -> None:
    assert promtool("check", "metrics", input_text=watched.exposition) == ""
    with pytest.raises(AssertionError, match="no help text"):
        promtool("check", "metrics", input_text=re.sub("# HELP.*\n", "", watched.exposition))


def test_each_metric_can_be_queried_and_has_a_help_text(watched: Watched) -> None:
    metadata = watched.prometheus.get("/metadata")
    for family in REGISTRY.collect():
        name = f"{family.name}_total" if family.type == "counter" else family.name
        description = metadata.get(name, [{}])[0]
        if name not in NOT_HAPPENED:
            assert (description.get("type"), description.get("help")) == (family.type, family.documentation), name
            assert watched.prometheus.query(f"{name}_count" if family.type == "histogram" else name), name


def test_the_metrics_add_up_over_workers(watched: Watched) -> None:
    value = watched.prometheus.value
    assert value("sum(slotmcp_tool_calls_total)") == watched.line.calls
    steps = [value(f'slotmcp_conversations_total{{step="{step}"}}') for step in ("asked", "offered", "held", "booked")]
    assert steps == [5, 4, 3, 2]
    assert value("slotmcp_first_hold_seconds_count") == 3
    assert value("sum(slotmcp_collisions_total)") == 1
    events = {
        sample["metric"]["event"]: float(sample["value"][1])
        for sample in watched.prometheus.query("slotmcp_holds_total > 0")
    }
    assert events == {"created": 2, "booked": 1, "released": 1}
    assert value('slotmcp_bookings_total{way="hold"}') == value('slotmcp_bookings_total{way="direct"}') == 1
    assert value('sum(slotmcp_refusals_total{use_case="create_hold",code="slot_unavailable",reason="held"})') == 1
    assert value('sum(slotmcp_refusals_total{use_case="get_slots",code="nothing_offered"})') == 1
    assert value("sum(slotmcp_books_found_total)") == watched.line.traced
    until(lambda: value(f'slotmcp_calendar_pushes_due{{project="{PROJECT.id}"}}') == 2, "the gauges are up to date")
    assert value(f'slotmcp_calendar_reconcile_age_seconds{{project="{PROJECT.id}"}}') == float("inf")
    assert value('slotmcp_dependency_up{dependency="database"}') == 1
    assert value('slotmcp_webhook_deliveries_total{outcome="unsigned"}') == 1
    assert 0 <= value("time() - slotmcp_vitals_timestamp_seconds") < 60


def test_the_first_failure_of_a_tool_counts_as_an_increase(watched: Watched) -> None:
    failures = 'slotmcp_tool_calls_total{outcome=~"internal|unavailable"}'
    assert watched.prometheus.value(f"count({failures} == 0)") == 2 * len(select_tools(Toolset.OPERATOR))


def test_no_metric_names_a_caller(watched: Watched) -> None:
    assert not re.search(
        "555.?0142|kim|slk_|phone-|customer", re.sub("# HELP.*", "", watched.exposition), re.IGNORECASE
    )


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_each_panel_shows_data(watched: Watched, panel: dict[str, Any]) -> None:
    assert panel["targets"]
    for target in panel["targets"]:
        expression = plain(target["expr"])
        assert "$" not in expression
        samples = watched.prometheus.query(expression)
        if not any(name in expression for name in NOT_HAPPENED):
            assert samples, expression
            labels = set(re.findall(r"{{(\w+)}}", target.get("legendFormat", "")))
            assert all(labels <= sample["metric"].keys() for sample in samples), expression


def test_the_dashboard_queries_every_metric(watched: Watched) -> None:
    queried = " ".join(target["expr"] for panel in PANELS for target in panel["targets"])
    description = {f"{family.name}" for family in REGISTRY.collect()}
    assert watched.exposition
    assert {name for name in description if name not in queried} == set()


def test_recording_rules_have_values_and_no_alert_fires(watched: Watched) -> None:
    recorded = [
        rule["name"]
        for group in watched.prometheus.get("/rules")["groups"]
        for rule in group["rules"]
        if rule["type"] == "recording"
    ]
    assert len(recorded) == 6
    until(lambda: all(watched.prometheus.query(name) for name in recorded), "all is recorded")
    assert watched.prometheus.query('ALERTS{alertstate="firing"}') == []


def test_promtool_accepts_the_configuration(tmp_path: Path) -> None:
    config = (OBSERVABILITY / "prometheus.yml").read_text("utf-8")
    key = tmp_path / "key"
    key.write_text("a key")
    for name in ("alerts.yml", "recording.yml"):
        (tmp_path / name).write_text((OBSERVABILITY / name).read_text("utf-8"))
    (tmp_path / "prometheus.yml").write_text(config.replace("/run/secrets/metrics_key", str(key)))
    assert "is valid" in promtool("check", "config", "prometheus.yml", folder=tmp_path)


def test_the_rules_pass_their_own_tests() -> None:
    promtool("check", "rules", "alerts.yml", "recording.yml")
    assert "SUCCESS" in promtool("test", "rules", "rules.test.yml")
