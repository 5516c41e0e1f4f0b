"""Address of a PostgreSQL database, which can be shown without its password."""

from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import parse_qsl, urlsplit

SCHEMES: Final = ("postgresql+asyncpg", "postgresql", "postgres")
"""Schemes that the URL of a PostgreSQL database may have."""


@dataclass(frozen=True, slots=True)
class Address:
    """Address of a PostgreSQL database."""

    url: str = field(repr=False)
    """URL for asyncpg. It may hold a password."""
    shown: str
    """User, host, port and name, for a person."""

    @classmethod
    def of(cls, url: str) -> Self:
        """Return the address that a URL of any of the schemes names."""
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
