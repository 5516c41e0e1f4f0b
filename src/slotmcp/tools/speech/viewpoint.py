"""Perspective of a caller: the time zone, today's date and the language."""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, Self
from zoneinfo import ZoneInfo

from slotmcp.domain.catalog import Project, Wording
from slotmcp.domain.interval import MS_PER_SECOND, Minute
from slotmcp.tools.speech.locales import SOURCE, choose_locale
from slotmcp.tools.speech.voice import Voice, voice_of

_SECONDS_PER_MINUTE: Final = 60
_UTC: Final = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewpoint:
    """Time zone of the displayed times, today's date there, and the voice for the sentences."""

    zone: ZoneInfo
    today: date
    voice: Voice
    business_voice: Voice
    """Voice in the business's language, which is also the language of its service names."""
    now_ms: int = field(default=0, compare=False)
    """Current time in milliseconds since the epoch. It is not compared: the sentences are the same all day."""
    has_foreign_zone: bool = False
    """True if the zone is not the business's, so that sentences name it."""
    wording: Wording = Wording.VISIT
    note: str = ""
    """Note for the agent if its caller gets another language than the requested one."""

    @classmethod
    def of(cls, project: Project, now_ms: int, *, timezone: str | None = None, locale: str = "") -> Self:
        """Return a caller's viewpoint; the business's own zone and language are the defaults."""
        zone = ZoneInfo(timezone or project.timezone)
        choice = choose_locale(locale, project.locale)
        return cls(
            zone=zone,
            today=datetime.fromtimestamp(now_ms / MS_PER_SECOND, zone).date(),
            voice=voice_of(choice.locale),
            business_voice=voice_of(choose_locale("", project.locale).locale),
            now_ms=now_ms,
            has_foreign_zone=zone.key != project.timezone,
            wording=project.wording,
            note=choice.note,
        )

    @classmethod
    def without_time(cls, locale: str = "", usual: str = SOURCE) -> Self:
        """Return a viewpoint for sentences that contain no time, such as those of most errors."""
        choice = choose_locale(locale, usual)
        voice = voice_of(choice.locale)
        return cls(zone=_UTC, today=date.min, voice=voice, business_voice=voice, note=choice.note)

    @property
    def city(self) -> str:
        """City that names the zone in sentences; empty for the business's zone, and for one without a city."""
        return self.voice.city(self.zone.key) if self.has_foreign_zone else ""

    def local(self, minute: Minute) -> datetime:
        """Return the local time of a minute."""
        return local_time(minute, self.zone)


def local_time(minute: Minute, zone: ZoneInfo) -> datetime:
    """Return the local time of a minute in a zone; its fold distinguishes the two readings when clocks go back."""
    return datetime.fromtimestamp(minute * _SECONDS_PER_MINUTE, zone)
