"""Address of a PostgreSQL database, for the driver and for messages."""

from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit

DEFAULT_PORT: Final = 5432


@dataclass(frozen=True, slots=True)
class Address:
    """Address of a PostgreSQL database."""

    url: str = field(repr=False)
    """URL for asyncpg. It may contain a password."""
    shown: str
    """URL for messages, with user, host, port and database, but without secrets."""
    server: str
    """Host and port for messages; the driver's defaults if the URL has none."""

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the address for a URL with the scheme postgresql, postgres or postgresql+asyncpg."""
        parts = urlsplit(url)._replace(scheme="postgresql")
        options = dict(parse_qsl(parts.query))
        host = parts.netloc.rpartition("@")[2] or options.get("host", "localhost")
        user = f"{parts.username}@" if parts.username else ""
        name = parts.hostname or options.get("host", "localhost")
        port = parts.port or options.get("port", DEFAULT_PORT)
        return cls(parts.geturl(), f"postgresql://{user}{host}{parts.path}", f"{name} port {port}")
