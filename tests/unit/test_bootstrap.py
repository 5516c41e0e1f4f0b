"""Tests of the composition root: ids, logging, and an app over a file."""

import json
import logging
from pathlib import Path

import pytest

from slotmcp.bootstrap import SystemClock, UlidIds, configure_logging, open_app
from slotmcp.domain.errors import InvalidArgument
from slotmcp.domain.retention import Retention
from slotmcp.services.trace_budget import TraceLimits
from slotmcp.settings import Settings
from slotmcp.telemetry.logs import LogEvent


class StoppedClock(SystemClock):
    """Clock that always returns the same millisecond."""

    def now_ms(self) -> int:
        return 1_764_000_000_000


def test_ids_sort_by_creation_even_within_a_millisecond() -> None:
    ids = UlidIds(StoppedClock())
    made = [ids.new_id() for _ in range(1000)]
    assert made == sorted(set(made))
    assert {len(one) for one in made} == {26}


def test_tokens_are_long_random_and_url_safe() -> None:
    ids = UlidIds(SystemClock())
    made = {ids.new_token() for _ in range(1000)}
    assert len(made) == 1000
    assert all(len(token) * 6 >= 128 and token.replace("-", "").replace("_", "").isalnum() for token in made)


def test_the_clock_is_that_of_the_machine() -> None:
    first = SystemClock().now_ms()
    assert 1_600_000_000_000 < first <= SystemClock().now_ms()


@pytest.mark.usefixtures("home")
def test_json_logs_are_one_object_per_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(Settings(log_format="json", log_level="info"))
    logging.getLogger("slotmcp.tools").info(LogEvent("book_slot", outcome="ok"))
    logging.getLogger("a.library").warning("of theirs %d", 7)
    logging.getLogger("a.library").debug("not told")
    output = capsys.readouterr()
    assert output.out == ""
    ours, theirs = map(json.loads, output.err.splitlines())
    assert (ours["event"], ours["outcome"], ours["level"]) == ("book_slot", "ok", "info")
    assert (theirs["event"], theirs["level"]) == ("of theirs 7", "warning")
    assert "timestamp" in ours
    assert "timestamp" in theirs


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("log_format", ["console", "json"])
def test_an_exception_is_logged_without_the_values_in_its_frames(
    capsys: pytest.CaptureFixture[str], log_format: str
) -> None:
    configure_logging(Settings.model_validate({"log_format": log_format}))
    fail = {"phone": "303 555 0142"}
    try:
        fail["name"]
    except KeyError:
        logging.getLogger("a.library").exception("broken")
    output = capsys.readouterr().err
    assert "KeyError" in output
    assert "303 555" not in output


async def test_an_app_creates_a_missing_database_file(home: Path) -> None:
    settings = Settings(database_url=str(home / "deep" / "slotmcp.db"))
    async with open_app(settings) as app:
        with pytest.raises(InvalidArgument, match="slotmcp import"):
            await app.projects.list_services(None)
    assert settings.database_path.exists()


async def test_each_retention_setting_applies_to_its_own_kind_of_data(home: Path) -> None:
    settings = Settings(
        database_url=f"sqlite:///{home / 'kept.db'}",
        customer_days=4,
        booking_days=5,
        canceled_days=6,
        access_key_days=7,
        trace_days=8,
        trace_max_mb=9,
    )
    async with open_app(settings) as app:
        kept = app.retention._retention  # noqa: SLF001  a purge would need data of each age
        assert kept == Retention(customer_days=4, booking_days=5, canceled_days=6, key_days=7)
        assert app.tracing._limits == TraceLimits(days=8, max_mb=9)  # noqa: SLF001  as above
