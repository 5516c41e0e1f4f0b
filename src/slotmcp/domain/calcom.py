"""How a business is connected to Cal.com: what stands in its project file. Never a secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class CalcomConnection:
    """A project's account at Cal.com."""

    api_key_env: str
    """The name of the variable that holds the API key."""
    webhook_secret_envs: tuple[str, ...] = ()
    """The names of the variables that hold the webhook's secrets; two while one replaces the other."""
    pending_blocks: bool = True
    """Whether what is only requested takes time already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectedCalendar:
    """A calendar that a host has connected to Cal.com, such as one of Google's."""

    credential_id: int
    external_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CalcomHost:
    """Who a technician is at Cal.com: known by e-mail, or by id."""

    email: str = ""
    user_id: int | None = None
    event_type_ids: Mapping[str, int] = field(default_factory=dict)
    """Event types of their own, by service; where a service is not among them, its own event type is used."""
    calendars: tuple[ConnectedCalendar, ...] = ()
    """Whose busy times are theirs."""
