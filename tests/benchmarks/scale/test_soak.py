"""Soak: its figures and its picture, and a server that is used for seconds."""

from xml.etree import ElementTree as ET

import pytest

from benchmarks.scale.databases import SQLITE
from benchmarks.scale.percentiles import Percentiles
from benchmarks.scale.soak import Soak, measure
from benchmarks.scale.soak_picture import draw


def soak_of(memory_mb: list[float]) -> Soak:
    soak = Soak(seconds=4, period_seconds=1)
    soak.calls = [(number / 10, 1.0) for number in range(45)]
    soak.memory = [(number / 2, mb) for number, mb in enumerate(memory_mb)]
    return soak


def test_only_full_periods_have_percentiles() -> None:
    assert soak_of([1]).periods == [Percentiles(1, 1, 1, 1)] * 4


def test_growth_compares_the_last_period_with_the_end_of_the_first() -> None:
    assert soak_of([50, 100, 100, 100, 100, 110, 120, 120]).growth == pytest.approx(1.2)


def test_the_tail_compares_percentiles_of_all_calls() -> None:
    soak = soak_of([1])
    soak.calls.append((1, 30.0))
    assert soak.tail == 30


def test_the_picture_has_a_line_for_each_percentile_and_for_memory() -> None:
    soak = soak_of([100, 110])
    picture = ET.fromstring(draw(soak.periods, soak.memory, period_seconds=1))  # noqa: S314  our own picture
    assert len(picture.findall("{*}polyline")) == 4


def test_a_server_answers_every_call_of_a_short_soak() -> None:
    soak = measure(SQLITE, 2)
    assert len(soak.calls) > 20
    assert soak.memory
