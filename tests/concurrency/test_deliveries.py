"""A burst of deliveries, roughly: the script's own figures are of thousands."""

from concurrency.deliveries import measure_burst


def test_of_a_burst_nothing_is_lost_and_nothing_counts_twice() -> None:
    over = measure_burst("sqlite", 300)
    assert over.is_right
    assert set(over.outcomes) == {"applied", "known"}
    assert sum(over.outcomes.values()) == 300
