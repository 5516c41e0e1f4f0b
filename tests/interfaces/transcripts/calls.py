"""The calls by title. Each has a page beside this file."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

from interfaces.transcripts.mistaken_callers import (
    corrected_name,
    last_weeks_visit,
    lost_token,
    retry_after_time_out,
    second_house,
)
from interfaces.transcripts.new_callers import (
    friday_then_monday,
    from_another_zone,
    hesitates,
    in_spanish,
    nearest_and_too_far,
    nothing_free,
)
from interfaces.transcripts.old_callers import broken_line, cancels, moves, technician_from_last_time
from interfaces.transcripts.page import Page
from interfaces.transcripts.priced_callers import price_and_question
from interfaces.transcripts.sample_callers import (
    cleaning_in_the_wrong_area,
    heating_at_night,
    toothache_in_german,
    vet_at_night,
)
from support.server import Caller

Call = Callable[[Caller, Page], Awaitable[None]]
SampleCall = Callable[[Path, Page], Awaitable[None]]
"""Call of a sample business, with the path of its database."""

CALLS: Final[Mapping[str, Call]] = {
    "Asks for Friday afternoon, takes Monday": friday_then_monday,
    "Hesitates past the end of the hold": hesitates,
    "Wants the technician from last time": technician_from_last_time,
    "In Spanish": in_spanish,
    "From another zone": from_another_zone,
    "Nothing free this week": nothing_free,
    "Cancels": cancels,
    "Moves": moves,
    "Calls back on a broken line": broken_line,
    "Sends the nearest, and refuses too long a way": nearest_and_too_far,
    "Retries after a time-out": retry_after_time_out,
    "Corrects the name": corrected_name,
    "Has a second house": second_house,
    "Loses the token": lost_token,
    "Calls about the visit of last week": last_weeks_visit,
    "Hears the price and answers a question": price_and_question,
}
"""Calls by the title of the page."""

SAMPLE_CALLS: Final[Mapping[str, SampleCall]] = {
    "Heating at night": heating_at_night,
    "Toothache in German": toothache_in_german,
    "Cleaning in an area": cleaning_in_the_wrong_area,
    "Vet at night": vet_at_night,
}
"""Calls of the sample businesses by the title of the page. Their pages follow those of the others."""

TITLES: Final = (*CALLS, *SAMPLE_CALLS)
