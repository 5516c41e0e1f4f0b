"""From where a caller reads time, and in which language."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Self
from zoneinfo import ZoneInfo

from slotmcp.domain.catalog import Project
from slotmcp.domain.interval import Minute
from slotmcp.tools.speech.voice import SOURCE, Voice, choose_locale, voice_of

_SECONDS_PER_MINUTE = 60
_MS_PER_SECOND = 1000
_NOWHERE = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewpoint:
    """The zone in which times are read, today's date there, and the voice that says them."""

    zone: ZoneInfo
    today: date
    voice: Voice
    business_voice: Voice
    """In the business's own language; its services have their names in it."""
    now_ms: int = field(default=0, compare=False)
    """When it is, in milliseconds since the epoch. Views of one day are equal: what is said from them is the same."""
    has_foreign_zone: bool = False
    """The zone is not the business's, so it is named beside a time."""
    note: str = ""
    """For the agent, beside `result`: that its caller does not hear the language that was asked for."""

    @classmethod
    def of(cls, project: Project, now_ms: int, *, timezone: str | None = None, locale: str = "") -> Self:
        """The view of a business's caller: from its own zone and in its own language, unless they have others."""
        zone = ZoneInfo(timezone or project.timezone)
        choice = choose_locale(locale, project.locale)
        return cls(
            zone=zone,
            today=datetime.fromtimestamp(now_ms / _MS_PER_SECOND, zone).date(),
            voice=voice_of(choice.locale),
            business_voice=voice_of(choose_locale("", project.locale).locale),
            now_ms=now_ms,
            has_foreign_zone=zone.key != project.timezone,
            note=choice.note,
        )

    @classmethod
    def nowhere(cls, locale: str = "", usual: str = SOURCE) -> Self:
        """The view where no time is told, as of an error."""
        choice = choose_locale(locale, usual)
        voice = voice_of(choice.locale)
        return cls(zone=_NOWHERE, today=date.min, voice=voice, business_voice=voice, note=choice.note)

    def read(self, minute: Minute) -> datetime:
        """A minute as the clock here shows it."""
        return local_time(minute, self.zone)


def local_time(minute: Minute, zone: ZoneInfo) -> datetime:
    """A minute as the clocks of a zone show it; its fold tells the second of two equal readings."""
    return datetime.fromtimestamp(minute * _SECONDS_PER_MINUTE, zone)
