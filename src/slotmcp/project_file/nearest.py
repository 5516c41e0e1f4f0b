"""The valid word that somebody most likely meant."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(word: str, valid: Iterable[str]) -> str | None:
    """The most similar valid word whatever its case, or None when none is similar."""
    by_lower = {one.lower(): one for one in valid}
    matches = get_close_matches(word.lower()[:200], by_lower, n=1)
    return by_lower[matches[0]] if matches else None


def did_you_mean(word: str, valid: Iterable[str], *, shown: int = 12) -> str:
    """What to write instead: the similar word, else the first valid ones."""
    words = list(valid)
    if (match := nearest(word, words)) is not None:
        return f'did you mean "{match}"?'
    more = ", ..." if len(words) > shown else ""
    return f"valid here: {', '.join(words[:shown])}{more}"
