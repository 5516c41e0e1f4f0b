"""Access control: scopes, principals and access keys."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import Final, NamedTuple

from slotmcp.domain.errors import Forbidden, InvalidArgument, NotFound

MAX_LISTED_PROJECTS: Final = 20
"""Maximum number of projects in the error of a call that names none."""


class Scope(StrEnum):
    """Scope of a credential: the group of tools that it may call."""

    CALLER = "caller"
    """Tools for an agent that speaks with callers."""
    OPERATOR = "operator"
    """Caller tools, and the tools for running the business."""

    @property
    def included(self) -> frozenset["Scope"]:
        """This scope and all narrower ones."""
        return frozenset(Scope) if self is Scope.OPERATOR else frozenset({self})


class CallId(NamedTuple):
    """Id of a phone call, as a client reports it. Equal values of two headers are different ids."""

    header: str
    """Lower-case name of the header."""
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Authenticated identity of a request."""

    credential: str
    """Id of the credential, which scopes idempotency keys and rate limits. It is not a secret."""
    scopes: frozenset[Scope]
    projects: frozenset[str] | None
    """Projects that the principal can reach; None: all."""
    call_ids: tuple[CallId, ...] = ()
    """Ids of the phone call that the client reports, at most one for each header."""
    no_project: str = "This credential reaches no project."
    """Error of calls, if the principal can reach no project."""
    expires_at_ms: int | None = None
    """Time at which the token expires; None: the credential is a key, or has no end."""
    connection: str = ""
    """Id of the stdio or SSE connection; empty for Streamable HTTP, whose requests share none."""

    @property
    def call_id(self) -> str:
        """First reported id of the phone call, for logs, traces and rate limits."""
        return self.call_ids[0].value if self.call_ids else ""

    def require_scope(self, scope: Scope) -> None:
        """Require a scope.

        Raises:
            Forbidden: the credential does not have it.
        """
        if scope not in self.scopes:
            raise Forbidden(f"This credential does not reach {scope} tools.")

    def can_reach(self, project_id: str) -> bool:
        """Return whether the principal can reach a project."""
        return self.projects is None or project_id in self.projects

    @property
    def can_reach_all(self) -> bool:
        """True if the principal can reach all projects, including future ones."""
        return self.projects is None

    def resolve_project(self, requested: str | None) -> str | None:
        """Return the requested project, else the only reachable one. None: the only project of the store.

        Raises:
            NotFound: the principal cannot reach the project, whether or not it exists.
            InvalidArgument: the principal can reach several projects, and the request names none.
            Forbidden: the principal can reach no project.
        """
        if self.projects is None:
            return requested
        if not self.projects:
            raise Forbidden(self.no_project)
        if requested is None:
            return only_project(sorted(self.projects), len(self.projects))
        if requested not in self.projects:
            raise self.project_not_found(requested)
        return requested

    def project_not_found(self, requested: str) -> NotFound:
        """Return the error for a project that is missing or unreachable. It names only reachable projects."""
        return NotFound.among("projectId", "project", requested, sorted((self.projects or frozenset()) - {requested}))

    def within(self, *call_ids: CallId, connection: str = "") -> "Principal":
        """Return the same principal within a phone call, or on a connection."""
        return replace(self, call_ids=call_ids, connection=connection)


LOCAL: Final = Principal(credential="local", scopes=frozenset(Scope), projects=None)
"""Principal of the user who started the program on this machine."""

ANONYMOUS: Final = Principal(credential="nobody", scopes=frozenset(), projects=frozenset())
"""Principal of a client without a credential."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """Access key: a credential issued by slotmcp. The secret is shown once, and only its hash is stored."""

    id: str
    name: str
    scope: Scope
    project_id: str | None
    """None: valid for all projects, including future ones."""
    created_at_ms: int
    expires_at_ms: int | None = None
    """None: valid until it is revoked."""
    revoked_at_ms: int | None = None

    def is_valid(self, now_ms: int) -> bool:
        """Return whether the key is neither revoked nor expired."""
        return self.revoked_at_ms is None and (self.expires_at_ms is None or now_ms < self.expires_at_ms)

    @property
    def principal(self) -> Principal:
        """Principal of the key."""
        projects = None if self.project_id is None else frozenset({self.project_id})
        return Principal(credential=self.id, scopes=self.scope.included, projects=projects)


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardSession:
    """Stored session of an operator in a browser, which ends with its key at the latest."""

    id: str
    """SHA-256 of the cookie's secret, in hex."""
    key_id: str
    created_at_ms: int
    expires_at_ms: int
    idle_at_ms: int
    """Time at which the session is over unless it is used again."""


def only_project(first_ids: Collection[str], count: int) -> str:
    """Return the only project.

    Args:
        first_ids: ids of all projects, or the first MAX_LISTED_PROJECTS of them or more.
        count: number of all projects.

    Raises:
        InvalidArgument: there is none, or more than one.
    """
    if count == 1:
        return next(iter(first_ids))
    if not count:
        raise InvalidArgument(
            "projectId",
            "no project has been imported yet; run `slotmcp import FILE` first, or try `slotmcp stdio --sample`.",
        )
    raise InvalidArgument("projectId", f"name one of the {summarize_ids(first_ids, count)}.")


def summarize_ids(first_ids: Collection[str], count: int) -> str:
    """Return the words "projects" and all ids of a few projects, or the number and the first ids of many."""
    listed = ", ".join(islice(first_ids, MAX_LISTED_PROJECTS))
    if count <= MAX_LISTED_PROJECTS:
        return f"projects: {listed}"
    return f"{count:,} projects, of which the first are: {listed}"
