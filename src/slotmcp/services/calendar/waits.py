"""How long to wait before a calendar is asked again: longer each time, and never all at once."""

from typing import Final

from tenacity import RetryCallState, Retrying, wait_exponential_jitter

_PUSHES: Final = wait_exponential_jitter(multiplier=2, max=900, jitter=2)
_SYNCS: Final = wait_exponential_jitter(multiplier=5, max=300, jitter=5)
_MS_PER_SECOND: Final = 1000


def push_wait_ms(attempts: int) -> int:
    """After so many attempts to tell of one booking."""
    return _wait_ms(_PUSHES, attempts)


def sync_wait_ms(failures: int) -> int:
    """After so many reconciliations in a row that came to no end."""
    return _wait_ms(_SYNCS, failures)


def _wait_ms(wait: wait_exponential_jitter, attempts: int) -> int:
    state = RetryCallState(Retrying(), None, (), {})
    state.attempt_number = max(1, attempts)
    return round(wait(state) * _MS_PER_SECOND)
