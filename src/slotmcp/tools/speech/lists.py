"""Lists in sentences."""

from collections.abc import Iterable, Sequence

from slotmcp.tools.speech.voice import Voice


def say_list(words: Iterable[str], voice: Voice) -> str:
    """Join words of which one is chosen, such as "9, 10 or 11"."""
    *most, last = words
    return voice.join_or(say_row(most, voice), last) if most else last


def say_row(words: Iterable[str], voice: Voice) -> str:
    """Join words with commas, such as "9, 10, 11"."""
    row, *others = words
    for word in others:
        row = voice.say_as("list", "{several}, {one}", several=row, one=word)
    return row


def say_alternatives(phrases: Sequence[str], voice: Voice) -> str:
    """Join phrases of which one is chosen, such as "Monday at 9, or Tuesday at 8"."""
    *most, last = phrases
    if not most:
        return last
    return voice.say_as("alternatives", "{several}, or {one}", several=say_row(most, voice), one=last)
