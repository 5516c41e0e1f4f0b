"""Access control: scopes, principals and access keys."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from slotmcp.domain.errors import Forbidden, InvalidArgument, NotFound


class Scope(StrEnum):
    """Group of tools that a credential may call."""

    CALLER = "caller"
    """Tools for an agent that speaks with callers."""
    OPERATOR = "operator"
    """Caller tools, and tools for running the business."""

    @property
    def included(self) -> frozenset["Scope"]:
        """This scope and all narrower ones."""
        return frozenset(Scope) if self is Scope.OPERATOR else frozenset({self})


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """Authenticated identity of a request."""

    credential: str
    """Owner of idempotency keys and rate limits: neither a secret nor a name."""
    scopes: frozenset[Scope]
    projects: frozenset[str] | None
    """Projects within reach; None: all."""
    call_id: str = ""
    """Phone call of the request, if the client reports one."""

    def require_scope(self, scope: Scope) -> None:
        """Require a scope.

        Raises:
            Forbidden: the credential does not have it.
        """
        if scope not in self.scopes:
            raise Forbidden(f"This credential does not reach {scope} tools.")

    def can_reach(self, project_id: str) -> bool:
        """Return whether a project is within reach."""
        return self.projects is None or project_id in self.projects

    @property
    def can_reach_all(self) -> bool:
        """True if all projects are within reach, future ones included."""
        return self.projects is None

    def resolve_project(self, requested: str | None) -> str | None:
        """Return the requested project, else the only one within reach. None: the only project of the store.

        Raises:
            NotFound: the project is not within reach, existing or not.
            InvalidArgument: several projects are within reach, and the request names none.
            Forbidden: no project is within reach.
        """
        if self.projects is None:
            return requested
        if not self.projects:
            raise Forbidden("This credential reaches no project.")
        if requested is None:
            return only_project(sorted(self.projects))
        if requested not in self.projects:
            raise self.project_not_found(requested)
        return requested

    def project_not_found(self, requested: str) -> NotFound:
        """Return the error for a project that is missing or out of reach. It names only projects within reach."""
        return NotFound.among("projectId", "project", requested, sorted((self.projects or frozenset()) - {requested}))

    def scoped_key(self, key: str) -> str:
        """Return an agent's idempotency key, made unique by phone call, as agents number keys per call."""
        return f"{self.call_id}:{key}" if key and self.call_id else key

    def with_call_id(self, call_id: str) -> "Principal":
        """Return the same principal for a phone call."""
        return replace(self, call_id=call_id)


LOCAL: Final = Principal(credential="local", scopes=frozenset(Scope), projects=None)
"""User who started the program on this machine."""

ANONYMOUS: Final = Principal(credential="nobody", scopes=frozenset(), projects=frozenset())
"""Client without a credential."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """A credential issued by slotmcp. The secret is shown once, and only its hash is stored."""

    id: str
    name: str
    scope: Scope
    project_id: str | None
    """None: valid for all projects, future ones included."""
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


def only_project(projects: Collection[str]) -> str:
    """Return the only project of several candidates.

    Raises:
        InvalidArgument: there is none, or more than one.
    """
    if len(projects) == 1:
        return next(iter(projects))
    if not projects:
        raise InvalidArgument("projectId", "no project has been imported yet; run `slotmcp import FILE` first.")
    raise InvalidArgument("projectId", f"name one of the projects: {', '.join(projects)}.")
