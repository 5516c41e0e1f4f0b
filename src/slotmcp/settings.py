"""Settings, the only reader of the environment and the config file. All other code receives plain values."""

import os
import re
import tomllib
from collections.abc import Collection, Iterable
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Literal, Self, TypeAlias
from urllib.parse import urlsplit

from platformdirs import user_config_path, user_data_path
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from pydantic_core import ErrorDetails

from slotmcp.redis_layer.address import RedisAddress

ENV_PREFIX = "SLOTMCP_"
CONFIG_VARIABLE = "SLOTMCP_CONFIG"
SQLITE_URL = "sqlite:///"
IN_MEMORY = "sqlite:///:memory:"
"""Database of a sample, which no setting can name."""
POSTGRES_SCHEMES = ("postgresql://", "postgres://", "postgresql+asyncpg://")
"""URL prefixes of a PostgreSQL database."""
VALID_DATABASES = "write sqlite:///PATH, a path, or postgresql://USER@HOST/NAME"
NO_PROXIES = "none"
"""Value of `trusted_proxies` that trusts no proxy, because an empty variable means the default."""

LogLevel = Literal["debug", "info", "warning", "error"]
LogFormat = Literal["console", "json"]

Names: TypeAlias = tuple[str, ...]
"""A list in the config file; comma-separated in the environment."""


class SettingsError(Exception):
    """Invalid settings. The message has one sentence per setting, with its valid form."""


def config_file() -> Path:
    """Return the path of the config file, which is optional unless SLOTMCP_CONFIG names it."""
    path = os.environ.get(CONFIG_VARIABLE)
    return Path(path).expanduser() if path else user_config_path("slotmcp", appauthor=False) / "config.toml"


def _default_database_url() -> str:
    return SQLITE_URL + str(user_data_path("slotmcp", appauthor=False) / "slotmcp.db")


_ORIGIN = re.compile(r"[a-z][a-z0-9+.-]*://(?:[\w.-]+|\[[0-9a-f:.]+\])(?::(?:[0-9]+|\*))?")
_FERNET_KEY = re.compile(r"[A-Za-z0-9_-]{43}=")
"""32 bytes in URL-safe Base64."""
_DEFAULT_PORTS = {"http": ":80", "https": ":443"}

_PUBLIC_NOMINATIM = "nominatim.openstreetmap.org"


class Settings(BaseModel):
    """Operator settings. `load` reads them."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)

    database_url: str = Field(default_factory=_default_database_url, repr=False)
    """Database: `sqlite:///PATH`, or just a path, or `postgresql://USER@HOST/NAME`."""
    target_database_url: str = Field(default="", repr=False)
    """Database to which `slotmcp copy` copies, as `database_url`; it may contain a password."""
    database_pool_size: int = Field(default=10, ge=2, le=1000)
    """Maximum number of PostgreSQL connections per process; half of them write."""
    database_statement_cache: bool = True
    """Keep prepared statements and settings of sessions on PostgreSQL; `off` behind PgBouncer in transaction mode."""
    database_timeout_seconds: float = Field(default=5, gt=0, le=600, allow_inf_nan=False)
    """Maximum wait of a call for the database: for a lock, an answer or a connection."""
    encryption_keys: Names = Field(default=(), repr=False)
    """Keys that encrypt contact details and notes in the database; the first encrypts, all decrypt. Empty: none."""
    routing_url: str = ""
    """Address of a routing service with OSRM's HTTP interface; empty: travel times are estimated."""
    geocoder_file: str = ""
    """CSV file with the coordinates of postal codes; empty: there is none."""
    geocoder_url: str = ""
    """Address of a geocoding service with Nominatim's HTTP interface; empty: none is asked."""
    geocoder_contact: str = ""
    """Email address or web page of the operator, which the geocoding service receives."""
    calcom_url: str = "https://api.cal.com/v2"
    """Address of Cal.com's API, version 2."""
    calcom_sync_seconds: int = Field(default=180, ge=0, le=86_400)
    """Interval at which a server reconciles projects with Cal.com; 0: never, and it sends no bookings."""
    public_url: str = ""
    """Public address of the HTTP server, such as `https://book.example.com`; empty: where it listens."""
    allowed_hosts: Names = ()
    """Host names of the HTTP server, in addition to `public_url` and this machine's own names."""
    allowed_origins: Names = ()
    """Origins of web pages that may call over HTTP."""
    trusted_proxies: Names = ("127.0.0.0/8", "::1/128")
    """Networks of the proxies in front of the HTTP server, which forward the addresses of clients."""
    max_body_bytes: int = Field(default=1_000_000, ge=1_000)
    """Maximum size of an HTTP request."""
    max_connections: int = Field(default=2_000, ge=16)
    """Maximum number of connections to the HTTP server, per process."""
    max_connections_per_peer: int = Field(default=250, ge=0)
    """Maximum number of connections of one address, per process; 0: unlimited. It exempts trusted proxies."""
    request_timeout_seconds: float = Field(default=30, gt=0, le=600, allow_inf_nan=False)
    """Time for a request to arrive, for its answer to be read, and for an idle connection."""
    rate_limit_per_key: int = Field(default=6_000, ge=0)
    """Maximum messages of any method per minute and credential; 0: unlimited."""
    rate_limit_per_call: int = Field(default=120, ge=0)
    """Maximum tool calls per minute and phone call, identified by X-Call-Id; 0: unlimited."""
    fast_tool_calls: bool = True
    """Respond to plain tool calls over HTTP without the MCP SDK; the responses are equal."""
    max_streams_per_key: int = Field(default=100, ge=1)
    """Maximum open event streams per credential and process: SSE sessions and subscriptions."""
    max_streams: int = Field(default=1_000, ge=1)
    """Maximum open event streams per process."""
    stream_idle_seconds: float = Field(default=3_600, gt=0, allow_inf_nan=False)
    """Time without a message after which an SSE session ends."""
    max_holds_per_credential: int = Field(default=25, ge=0)
    """Maximum live holds per project and credential, of calls without an id; 0: unlimited."""
    drain_seconds: float = Field(default=5, ge=0, le=3600, allow_inf_nan=False)
    """Time in which a stopping HTTP server is not ready but serves calls, so that load balancers notice."""
    stop_seconds: int = Field(default=20, ge=0)
    """Time for running calls to finish when the HTTP server stops."""
    oauth_issuer: str = ""
    """Address of the OAuth 2.1 issuer whose tokens are accepted; empty: only access keys are."""
    oauth_audience: str = ""
    """Audience of a token; empty: `public_url` followed by `/mcp` or `/sse`."""
    oauth_projects: Names = ()
    """Projects of a token that names none; empty: the only project; `*`: all."""
    oauth_jwks_url: str = ""
    """Address of the issuer's keys; empty: from the issuer's metadata."""
    retell_api_key: str = Field(default="", repr=False)
    """API key of the Retell account that signs the calls of its agents; empty: signatures are not checked."""
    redis_url: str = Field(default="", repr=False)
    """Redis that the servers of a fleet share: `redis://HOST:PORT`, Sentinels or a cluster; empty: none."""
    redis_prefix: str = "slotmcp"
    """Prefix of all Redis keys; a different one for each database when several share a Redis."""
    project_cache_mb: int = Field(default=100, ge=1, le=1_000_000)
    """Estimated memory of the projects that a process keeps; the least recently used ones leave."""
    trace_days: int = Field(default=30, ge=0, le=3650)
    """Retention of decision traces; 0: traces are not stored."""
    trace_max_mb: int = Field(default=1_000, ge=1, le=1_000_000)
    """Maximum size of the stored traces; the oldest ones are deleted."""
    write_check_seconds: float = Field(default=5, ge=0, le=3600, allow_inf_nan=False)
    """Interval at which an HTTP server checks with a small write that its database can be written."""
    clock_settle_seconds: float = Field(default=120, ge=0, le=3600, allow_inf_nan=False)
    """Time for which a change of the machine's clock must last before an SQLite database follows it."""
    customer_days: int = Field(default=0, ge=0, le=36_500)
    """Days after a booking's end at which its customer is erased; 0: never."""
    booking_days: int = Field(default=0, ge=0, le=36_500)
    """Days after its end at which a booking is deleted; 0: never."""
    canceled_days: int = Field(default=0, ge=0, le=36_500)
    """Days after its former end at which a canceled booking is deleted; 0: never."""
    access_key_days: int = Field(default=0, ge=0, le=36_500)
    """Days after its expiry or revocation at which an access key is deleted; 0: never."""
    erasure_file: str = ""
    """List of erasures that `forget` maintains; empty: beside an SQLite file, and none for PostgreSQL."""
    log_level: LogLevel = "warning"
    """Minimum level of the events logged to stderr."""
    log_format: LogFormat = "console"
    """`console` for reading, `json` for a log collector: one object per line."""

    @classmethod
    def load(cls) -> Self:
        """Read the environment and the config file. A variable takes precedence, unless it is empty.

        Raises:
            SettingsError: a setting is unknown or invalid, or the config file cannot be read.
        """
        _reject_unknown_variables(os.environ, cls.model_fields)
        try:
            return cls.model_validate(_read_values(cls.model_fields))
        except ValidationError as error:
            raise SettingsError("\n".join(map(_sentence, error.errors()))) from error

    @classmethod
    def with_database(cls, url: str, name: str) -> Self:
        """Read the settings with another database. `name` is the URL's name in messages.

        Raises:
            SettingsError: the URL or another setting is invalid.
        """
        try:
            return cls.model_validate(_read_values(cls.model_fields) | {"database_url": url})
        except ValidationError as error:
            first = error.errors()[0]
            is_of_url = first["loc"] == ("database_url",)
            raise SettingsError(f"{name} {_problem(first)}." if is_of_url else _sentence(first)) from error

    def in_memory(self) -> Self:
        """Return these settings with a database in memory, and without Redis and calendars."""
        return self.model_copy(update={"database_url": IN_MEMORY, "redis_url": "", "calcom_sync_seconds": 0})

    def secret(self, name: str) -> str:
        """Return the secret in an environment variable that a project file names; empty: there is none."""
        return os.environ.get(name, "")

    @property
    def is_in_memory(self) -> bool:
        """True if the database is in memory."""
        return self.database_url == IN_MEMORY

    @property
    def is_postgres(self) -> bool:
        """True if the database is PostgreSQL instead of SQLite."""
        return self.database_url.startswith(POSTGRES_SCHEMES)

    @property
    def database_timeout_ms(self) -> int:
        """Maximum wait of a call for the database, at least a millisecond."""
        return max(1, round(self.database_timeout_seconds * 1000))

    @property
    def backup_home(self) -> Path:
        """Path beside which the list of the database's backups is: the SQLite file, or a path in the data folder."""
        return user_data_path("slotmcp", appauthor=False) / "postgresql" if self.is_postgres else self.database_path

    @property
    def database_path(self) -> Path:
        """Absolute path of the SQLite file, for an SQLite database."""
        return Path(self.database_url.removeprefix(SQLITE_URL)).expanduser().absolute()

    @property
    def erasure_path(self) -> Path | None:
        """Path of the list of erasures; None: there is none."""
        if self.erasure_file:
            return Path(self.erasure_file).expanduser().absolute()
        return None if self.is_postgres else Path(f"{self.database_path}.erasures")

    @field_validator("encryption_keys")
    @classmethod
    def _check_keys(cls, keys: tuple[str, ...]) -> tuple[str, ...]:
        for number, key in enumerate(keys, 1):
            if not re.fullmatch(_FERNET_KEY, key):  # the message must not quote the key
                raise ValueError(f"has an invalid key (number {number}); create one with slotmcp encryption new-key")
        return keys

    @field_validator("log_level", "log_format", mode="before")
    @classmethod
    def _lowercase(cls, value: object) -> object:
        return value.strip().lower() if isinstance(value, str) else value

    @field_validator(
        "allowed_hosts", "allowed_origins", "encryption_keys", "oauth_projects", "trusted_proxies", mode="before"
    )
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(filter(None, map(str.strip, value.split(",")))) if isinstance(value, str) else value

    @field_validator("allowed_origins")
    @classmethod
    def _normalize_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        """Return origins as browsers send them, without a default port."""
        return tuple(map(_normalized_origin, origins))

    @field_validator("allowed_hosts")
    @classmethod
    def _check_hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for host in hosts:
            if host == "*" or "/" in host:
                raise ValueError(f'has "{host}", which is no host name; write names such as book.example.com')
        return hosts

    @field_validator("trusted_proxies")
    @classmethod
    def _normalize_networks(cls, networks: tuple[str, ...]) -> tuple[str, ...]:
        """Return networks with the length of their prefix; no network for the word `none`."""
        return () if networks == (NO_PROXIES,) else tuple(map(_normalized_network, networks))

    @field_validator("target_database_url")
    @classmethod
    def _check_target(cls, url: str) -> str:
        return cls._check_database(url) if url else url

    @field_validator("database_url")
    @classmethod
    def _check_database(cls, url: str) -> str:
        problem = _postgres_problem(url) if url.startswith(POSTGRES_SCHEMES) else _file_problem(url)
        if problem:
            raise ValueError(f"{problem}; {VALID_DATABASES}")
        return url

    @field_validator("routing_url", "geocoder_url", "calcom_url", "public_url", "oauth_issuer", "oauth_jwks_url")
    @classmethod
    def _check_address(cls, url: str) -> str:
        if "?" in url or "#" in url:
            raise ValueError("contains a question mark or number sign; remove it and everything after it")
        problem = "is not a valid address; write one such as http://localhost:5000"
        return _checked_url(url, {"http", "https"}, problem)

    @model_validator(mode="after")
    def _check_audience(self) -> Self:
        if self.oauth_issuer and not (self.oauth_audience or self.public_url):
            raise ValueError("is set, so set public_url or oauth_audience too: tokens for other servers are rejected")
        return self

    @model_validator(mode="after")
    def _check_contact(self) -> Self:
        if not self.geocoder_contact.isprintable() or not self.geocoder_contact.isascii():
            raise ValueError("geocoder_contact must be an email address or a web page in plain letters")
        if _PUBLIC_NOMINATIM in self.geocoder_url and not self.geocoder_contact:
            raise ValueError("geocoder_url is a public server that requires a contact; set geocoder_contact too")
        return self

    @field_validator("redis_url")
    @classmethod
    def _check_redis(cls, url: str) -> str:
        if url.strip():
            RedisAddress.parse(url.strip())
        return url.strip()

    @field_validator("redis_prefix")
    @classmethod
    def _check_prefix(cls, prefix: str) -> str:
        if not prefix or not all(char.isalnum() or char in "-_." for char in prefix):
            raise ValueError("must have only letters, digits, dashes, dots and underscores, such as slotmcp")
        return prefix


def _normalized_origin(text: str) -> str:
    origin = text.rstrip("/").lower()
    if not re.fullmatch(_ORIGIN, origin):
        raise ValueError(f'has "{text}", which is no origin; write each one as https://desk.example.com')
    scheme = origin.partition(":")[0]
    return origin.removesuffix(_DEFAULT_PORTS.get(scheme, ""))


def _normalized_network(text: str) -> str:
    try:
        return str(ip_network(text))
    except ValueError:
        problem = f'has "{text}", which is no address or network; write each one as 10.0.0.5 or 10.0.0.0/24'
        raise ValueError(f"{problem}, or {NO_PROXIES} alone") from None


def _checked_url(url: str, schemes: Collection[str], problem: str) -> str:
    """Return a URL without surrounding spaces; empty stays empty."""
    try:
        address = urlsplit(url.strip())
        has_target = address.path.strip("/") if address.scheme == "unix" else address.hostname and address.port != 0
        is_valid = bool(has_target) and address.scheme in schemes
    except ValueError:
        is_valid = False
    if url.strip() and not is_valid:
        raise ValueError(problem)
    return url.strip()


def _postgres_problem(url: str) -> str:
    """Return the problem of a PostgreSQL URL without quoting the URL, which may hold a password."""
    try:
        parts = urlsplit(url)
        is_readable = parts.port != 0
    except ValueError:
        is_readable = False
    if not is_readable:
        return "is not a valid address; escape special characters of the password, such as %40 for @"
    return "" if parts.path.strip("/") else "names no database after the host"


def has_password(url: str) -> bool:
    """Return whether a database URL contains a password."""
    try:
        parts = urlsplit(url)
        return "://" in url and (parts.password is not None or "password=" in parts.query.lower())
    except ValueError:  # a special character of the password is not escaped
        return "@" in url


def _file_problem(url: str) -> str:
    path = url.removeprefix(SQLITE_URL)
    if "://" in path:
        return f"starts with {path.partition('://')[0]}://, which is not supported"
    if not path.strip() or ":memory:" in path:
        return "names no file; the database must be a file that several processes share"
    return "has options after a question mark, which a file does not support" if "?" in path else ""


def _read_values(fields: Iterable[str]) -> dict[str, Any]:
    """Return the value of each setting in the config file or in a variable of any case that is not empty."""
    variables = {name.upper(): value for name, value in os.environ.items() if value}
    names = {field: ENV_PREFIX + field.upper() for field in fields}
    return _read_config_file() | {field: variables[name] for field, name in names.items() if name in variables}


def _read_config_file() -> dict[str, Any]:
    path = config_file()
    try:
        if path.is_file():
            return tomllib.loads(path.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SettingsError(f"The config file {path} cannot be read: {error}.") from error
    if os.environ.get(CONFIG_VARIABLE):
        raise SettingsError(f"{CONFIG_VARIABLE} is {path}, and there is no such file.")
    return {}


def _reject_unknown_variables(names: Iterable[str], fields: Iterable[str]) -> None:
    known = {CONFIG_VARIABLE, *(ENV_PREFIX + field.upper() for field in fields)}
    unknown = sorted(name for name in names if name.upper().startswith(ENV_PREFIX) and name.upper() not in known)
    if unknown:
        raise SettingsError("\n".join(f"{name} is not a setting. {_hint(name.upper(), known)}" for name in unknown))


def _hint(name: str, known: Iterable[str]) -> str:
    bare = {variable.removeprefix(ENV_PREFIX): variable for variable in known}
    near = get_close_matches(name.removeprefix(ENV_PREFIX), bare, n=1)
    return f"Did you mean {bare[near[0]]}?" if near else f"The settings are {', '.join(sorted(known))}."


def _sentence(error: ErrorDetails) -> str:
    field = str(error["loc"][0]) if error["loc"] else "oauth_issuer"  # the only rule on several settings
    if error["type"] == "extra_forbidden":
        return f"{field} in {config_file()} is not a setting. {_hint(field, Settings.model_fields)}"
    return f"{_origin(field)} {_problem(error)}."


def _problem(error: ErrorDetails) -> str:
    if problem := error.get("ctx", {}).get("error"):
        return str(problem)
    is_secret = not Settings.model_fields[str(error["loc"][0])].repr
    value = "of another type" if is_secret else repr(error["input"])
    return f"is {value}; {error['msg'].replace('Input should', 'it must')}"


def _origin(field: str) -> str:
    variable = ENV_PREFIX + field.upper()
    in_environment = any(name.upper() == variable and value for name, value in os.environ.items())
    return variable if in_environment else f"{field} in {config_file()}"
