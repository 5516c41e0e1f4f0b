"""Address of a PostgreSQL database, for the driver and for messages."""

from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit

SCHEMES: Final = ("postgresql+asyncpg", "postgresql", "postgres")
"""Schemes that the URL of a PostgreSQL database may have."""


@dataclass(frozen=True, slots=True)
class Address:
    """Address of a PostgreSQL database."""

    url: str = field(repr=False)
    """URL for asyncpg. It may contain a password."""
    shown: str
    """URL for messages, with user, host, port and database, but without secrets."""

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the address for a URL with any of the schemes."""
        parts = urlsplit(url)._replace(scheme="postgresql")
        options = dict(parse_qsl(parts.query))
        host = parts.netloc.rpartition("@")[2] or options.get("host", "localhost")
        user = f"{parts.username}@" if parts.username else ""
        return cls(parts.geturl(), f"postgresql://{user}{host}{parts.path}")

    def redact(self, text: str) -> str:
        """Return a text, such as an error message of a library, without the secrets of this address."""
        parts = urlsplit(self.url)
        secrets = {parts.password, dict(parse_qsl(parts.query)).get("password")}
        for secret in filter(None, secrets):
            text = text.replace(secret, "***")
        return text.replace(self.url, self.shown)
