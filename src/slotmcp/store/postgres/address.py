"""Where a database is: how to get there, and how to speak of it without its password."""

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qsl, urlsplit

SCHEMES = ("postgresql+asyncpg", "postgresql", "postgres")
"""How a URL of a PostgreSQL database may begin."""


@dataclass(frozen=True, slots=True)
class Address:
    """A PostgreSQL database."""

    url: str = field(repr=False)
    """As asyncpg takes it. It may hold a password."""
    shown: str
    """For a person: user, host, port and name."""

    @classmethod
    def of(cls, url: str) -> Self:
        """The address that a URL of any of the schemes names."""
        parts = urlsplit(url)._replace(scheme="postgresql")
        options = dict(parse_qsl(parts.query))
        host = parts.netloc.rpartition("@")[2] or options.get("host", "localhost")
        user = f"{parts.username}@" if parts.username else ""
        return cls(parts.geturl(), f"postgresql://{user}{host}{parts.path}")

    def unsaid(self, text: str) -> str:
        """A text of another's making, without what is secret here."""
        parts = urlsplit(self.url)
        secrets = {parts.password, dict(parse_qsl(parts.query)).get("password")}
        for secret in filter(None, secrets):
            text = text.replace(secret, "***")
        return text.replace(self.url, self.shown)
