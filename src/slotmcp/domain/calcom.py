"""Cal.com settings of a project file. Secrets are named by environment variable, never stored."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class CalcomConnection:
    """Connection of a project to a Cal.com account."""

    api_key_env: str
    """Environment variable with the API key."""
    webhook_secret_envs: tuple[str, ...] = ()
    """Environment variables with the webhook's secrets; two during a rotation."""
    pending_blocks: bool = True
    """Pending bookings take time before they are accepted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedCalendar:
    """Calendar that a host has connected to Cal.com, such as a Google calendar."""

    credential_id: int
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalcomHost:
    """Cal.com user that a technician is, identified by email address or user id."""

    email: str = ""
    user_id: int | None = None
    event_type_ids: Mapping[str, int] = field(default_factory=dict)
    """The technician's own event types by service; other services use their own event type."""
    calendars: tuple[ConnectedCalendar, ...] = ()
    """Connected calendars whose busy times are the technician's."""
