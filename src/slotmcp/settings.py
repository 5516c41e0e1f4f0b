"""The only reader of the environment and of the config file. Everybody else takes plain values."""

import os
import tomllib
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from platformdirs import user_config_path, user_data_path
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

ENV_PREFIX = "SLOTMCP_"
CONFIG_VARIABLE = "SLOTMCP_CONFIG"
SQLITE_URL = "sqlite:///"
POSTGRES_SCHEMES = ("postgresql://", "postgres://", "postgresql+asyncpg://")
"""How the URL of a PostgreSQL database begins."""
HOW_TO_WRITE = "write sqlite:///PATH, a path, or postgresql://USER@HOST/NAME"

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["console", "json"]


Names = Annotated[tuple[str, ...], NoDecode]
"""A list in the config file; in the environment, with commas in between."""


class SettingsError(Exception):
    """A setting is wrong. The message is one sentence a setting, saying what would be right."""


def config_file() -> Path:
    """Where the config file is looked for; it need not exist unless SLOTMCP_CONFIG names it."""
    named = os.environ.get(CONFIG_VARIABLE)
    return Path(named).expanduser() if named else user_config_path("slotmcp", appauthor=False) / "config.toml"


def _default_database_url() -> str:
    return SQLITE_URL + str(user_data_path("slotmcp", appauthor=False) / "slotmcp.db")


class Settings(BaseSettings):
    """What an operator can decide. A variable of the environment wins over the config file."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_ignore_empty=True, extra="forbid", frozen=True)

    database_url: str = Field(default_factory=_default_database_url, repr=False)
    """Where the books are kept: `sqlite:///PATH`, or just a path, or `postgresql://USER@HOST/NAME`."""
    database_pool_size: int = Field(default=10, ge=2, le=1000)
    """How many connections to PostgreSQL a process has at most; half of them write."""
    database_timeout_seconds: float = Field(default=5, gt=0, le=600, allow_inf_nan=False)
    """How long a call waits for the database: for a lock, an answer, a connection."""
    routing_url: str = ""
    """The address of a routing service that speaks OSRM's HTTP interface; empty: ways are estimated."""
    calcom_url: str = "https://api.cal.com/v2"
    """The address of Cal.com's API, version 2."""
    calcom_sync_seconds: int = Field(default=180, ge=0, le=86_400)
    """How often a server reconciles projects with Cal.com; 0: never, and it tells Cal.com nothing, either."""
    public_url: str = ""
    """Where clients reach the HTTP server, such as `https://book.example.com`; empty: where it listens."""
    allowed_hosts: Names = ()
    """Names that the HTTP server goes by, beside that of `public_url` and this machine's own."""
    allowed_origins: Names = ()
    """Origins of web pages that may call over HTTP."""
    max_body_bytes: int = Field(default=1_000_000, ge=1_000)
    """The largest HTTP request that is read."""
    rate_limit_per_key: int = Field(default=6_000, ge=0)
    """Calls of tools a minute by one credential; 0: any number."""
    rate_limit_per_call: int = Field(default=120, ge=0)
    """Calls of tools a minute about one phone call, told by X-Call-Id; 0: any number."""
    stop_seconds: int = Field(default=20, ge=0)
    """How long running calls have to finish when the HTTP server is told to stop."""
    oauth_issuer: str = ""
    """The address of an OAuth 2.1 issuer whose tokens open this server; empty: only its own keys do."""
    oauth_audience: str = ""
    """Whom a token is for; empty: `public_url` with `/mcp` after it."""
    oauth_jwks_url: str = ""
    """Where the issuer's keys are; empty: the issuer's metadata says it."""
    redis_url: str = ""
    """Where the servers of a fleet hear of each other: `redis://HOST:PORT`; empty: each asks the database."""
    redis_prefix: str = "slotmcp"
    """What the names of all keys begin with; its own for each database whose servers share a Redis."""
    trace_days: int = Field(default=30, ge=0, le=3650)
    """How long it is kept why calls were answered as they were; 0: not at all."""
    log_level: LogLevel = "warning"
    """The least serious event that is logged, to stderr."""
    log_format: LogFormat = "console"
    """`console` for a person, `json` for a log collector: one object a line."""

    @classmethod
    def load(cls) -> Self:
        """Read the environment and the config file.

        Raises:
            SettingsError: a setting is unknown or wrong, or the config file cannot be read.
        """
        _refuse_unknown_variables(os.environ, cls.model_fields)
        try:
            return cls()
        except ValidationError as error:
            raise SettingsError("\n".join(_sentence(one) for one in error.errors())) from error

    @classmethod
    def with_database(cls, url: str, called: str) -> Self:
        """The same with another database, whose URL the user knows as `called`.

        Raises:
            SettingsError: that URL names none.
        """
        try:
            return cls(database_url=url)
        except ValidationError as error:
            raise SettingsError(f"{called} {_problem(error.errors()[0])}.") from error

    def secret(self, name: str) -> str:
        """The secret that a variable of the environment holds, which a project file names; "": there is none."""
        return os.environ.get(name, "")

    @property
    def is_postgres(self) -> bool:
        """Whether the books are kept in PostgreSQL, and not in a file."""
        return self.database_url.startswith(POSTGRES_SCHEMES)

    @property
    def database_timeout_ms(self) -> int:
        """How long a call waits for the database, at least a millisecond."""
        return max(1, round(self.database_timeout_seconds * 1000))

    @property
    def database_path(self) -> Path:
        """The SQLite file, absolute, where the books are kept in one."""
        return Path(self.database_url.removeprefix(SQLITE_URL)).expanduser().absolute()

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator("allowed_hosts", "allowed_origins", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("database_url")
    @classmethod
    def _a_database(cls, url: str) -> str:
        problem = _postgres_problem(url) if url.startswith(POSTGRES_SCHEMES) else _file_problem(url)
        if problem:
            raise ValueError(f"{problem}; {HOW_TO_WRITE}")
        return url

    @field_validator("routing_url", "calcom_url", "public_url", "oauth_issuer", "oauth_jwks_url")
    @classmethod
    def _an_address(cls, url: str) -> str:
        try:
            address = urlsplit(url.strip())
            is_whole = address.scheme in {"http", "https"} and bool(address.hostname) and address.port != 0
        except ValueError:
            is_whole = False
        if url.strip() and not is_whole:
            raise ValueError("is no address; write one such as http://localhost:5000")
        if "?" in url or "#" in url:
            raise ValueError("has more than an address; end it before the question mark or number sign")
        return url.strip()

    @model_validator(mode="after")
    def _an_audience(self) -> Self:
        if self.oauth_issuer and not (self.oauth_audience or self.public_url):
            raise ValueError(
                "is set, so set public_url or oauth_audience too: a token for another server opens nothing"
            )
        return self

    @property
    def audience(self) -> str:
        """Whom a token has to be for."""
        return self.oauth_audience or f"{self.public_url.rstrip('/')}/mcp"

    @field_validator("redis_url")
    @classmethod
    def _a_redis(cls, url: str) -> str:
        try:
            address = urlsplit(url.strip())
            is_whole = address.path.strip("/") if address.scheme == "unix" else address.hostname and address.port != 0
        except ValueError:
            is_whole = False
        if url.strip() and not (is_whole and address.scheme in {"redis", "rediss", "unix"}):
            raise ValueError("is no address of a Redis; write one such as redis://localhost:6379")
        return url.strip()

    @field_validator("redis_prefix")
    @classmethod
    def _a_word(cls, prefix: str) -> str:
        if not prefix or not all(one.isalnum() or one in "-_." for one in prefix):
            raise ValueError("is not made of letters, digits, dashes, dots and underscores; write one such as slotmcp")
        return prefix

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, then the environment, then the config file; no dotenv files, no secrets folder."""
        del dotenv_settings, file_secret_settings
        return init_settings, env_settings, _config_source(settings_cls)


def _postgres_problem(url: str) -> str:
    """What is wrong with the URL of a PostgreSQL database, without a word of it: it may hold a password."""
    try:
        parts = urlsplit(url)
        is_readable = parts.port != 0
    except ValueError:
        is_readable = False
    if not is_readable:
        return "is no address; a password's special characters are written as %40 and the like"
    return "" if parts.path.strip("/") else "names no database after the host"


def _file_problem(url: str) -> str:
    path = url.removeprefix(SQLITE_URL)
    if "://" in path:
        return f"begins with {_scheme(path)}, which is not spoken here"
    if not path.strip() or ":memory:" in path:
        return "names no file; several processes share the database"
    return "has options after a question mark, and a file takes none" if "?" in path else ""


def _scheme(url: str) -> str:
    return url.partition("://")[0] + "://"


def _config_source(settings_cls: type[BaseSettings]) -> TomlConfigSettingsSource:
    path = config_file()
    if os.environ.get(CONFIG_VARIABLE) and not path.is_file():
        raise SettingsError(f"{CONFIG_VARIABLE} names {path}, and there is no such file.")
    try:
        return TomlConfigSettingsSource(settings_cls, path)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"The config file {path} cannot be read: {error}.") from error


def _refuse_unknown_variables(names: Iterable[str], fields: Iterable[str]) -> None:
    known = {CONFIG_VARIABLE, *(ENV_PREFIX + field.upper() for field in fields)}
    unknown = sorted(name for name in names if name.upper().startswith(ENV_PREFIX) and name.upper() not in known)
    if unknown:
        raise SettingsError("\n".join(f"{name} is not a setting. {_hint(name.upper(), known)}" for name in unknown))


def _hint(name: str, known: Iterable[str]) -> str:
    bare = {one.removeprefix(ENV_PREFIX): one for one in known}
    near = get_close_matches(name.removeprefix(ENV_PREFIX), bare, n=1)
    return f"Did you mean {bare[near[0]]}?" if near else f"The settings are {', '.join(sorted(known))}."


def _sentence(error: ErrorDetails) -> str:
    field = str(error["loc"][0]) if error["loc"] else "oauth_issuer"  # the one rule that is about several
    if error["type"] == "extra_forbidden":
        return f"{field} in {config_file()} is not a setting. {_hint(field, Settings.model_fields)}"
    return f"{_origin(field)} {_problem(error)}."


def _problem(error: ErrorDetails) -> str:
    problem = error.get("ctx", {}).get("error")
    return str(problem) if problem else f"is {error['input']!r}; {error['msg'].replace('Input should', 'it must')}"


def _origin(field: str) -> str:
    variable = ENV_PREFIX + field.upper()
    in_environment = any(name.upper() == variable and value for name, value in os.environ.items())
    return variable if in_environment else f"{field} in {config_file()}"
