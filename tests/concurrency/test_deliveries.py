"""A small burst of webhook deliveries; the script measures thousands."""

from concurrency.deliveries import measure_burst


def test_a_burst_loses_nothing_and_repeats_nothing() -> None:
    result = measure_burst("sqlite", 300)
    assert result.is_right
    assert set(result.outcomes) == {"applied", "known"}
    assert sum(result.outcomes.values()) == 300
