"""A small burst of webhook deliveries; the script measures thousands."""

from concurrency.deliveries import measure_burst


def test_a_burst_loses_nothing_and_repeats_nothing() -> None:
    over = measure_burst("sqlite", 300)
    assert over.is_right
    assert set(over.outcomes) == {"applied", "known"}
    assert sum(over.outcomes.values()) == 300
