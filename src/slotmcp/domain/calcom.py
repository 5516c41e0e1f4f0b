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
    """External calendar that a host connected to Cal.com, such as a Google calendar."""

    credential_id: int
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalcomHost:
    """Cal.com user account of a technician, identified by email address or user id."""

    email: str = ""
    user_id: int | None = None
    event_type_ids: Mapping[str, int] = field(default_factory=dict)
    """Ids of the technician's own event types by service; for other services the event type of the service applies."""
    calendars: tuple[ConnectedCalendar, ...] = ()
    """Connected calendars whose busy times are the technician's."""
