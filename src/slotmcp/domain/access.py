"""Who may call, and what is within their reach."""

from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from slotmcp.domain.errors import Forbidden, InvalidArgument, NotFound

MS_PER_DAY: Final = 86_400_000


class Scope(StrEnum):
    """Whose tools a credential reaches."""

    CALLER = "caller"
    """Those of an agent that speaks with callers."""
    OPERATOR = "operator"
    """Those, and the ones of whoever runs the business."""

    @property
    def included(self) -> frozenset["Scope"]:
        """All that is allowed with it."""
        return frozenset(Scope) if self is Scope.OPERATOR else frozenset({self})


@dataclass(frozen=True, slots=True, kw_only=True)
class Principal:
    """On whose behalf something is done."""

    credential: str
    """What the idempotency keys and the rate limits belong to: no secret, and no name."""
    scopes: frozenset[Scope]
    projects: frozenset[str] | None
    """Those within reach; None: every one."""
    call_id: str = ""
    """The phone call that it is about, if it was said."""

    def require_scope(self, scope: Scope) -> None:
        """Go on where a scope is held.

        Raises:
            Forbidden.
        """
        if scope not in self.scopes:
            raise Forbidden(f"This credential does not reach {scope} tools.")

    def can_reach(self, project_id: str) -> bool:
        """Whether a project is within reach."""
        return self.projects is None or project_id in self.projects

    @property
    def can_reach_all(self) -> bool:
        """Whether every project is, those to come too."""
        return self.projects is None

    def resolve_project(self, requested: str | None) -> str | None:
        """The project that is meant: the one asked for, else the only one within reach; None: the only one there is.

        Raises:
            NotFound: it is not within reach, whether there is such a project or not.
            InvalidArgument: several are within reach, and none was named.
            Forbidden: none is.
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
        """The error for a project that is not there, or not theirs: it names none that is out of reach."""
        return NotFound.among("projectId", "project", requested, sorted((self.projects or frozenset()) - {requested}))

    def key(self, given: str) -> str:
        """An idempotency key that an agent gave, as its own: agents count from one in every phone call."""
        return f"{self.call_id}:{given}" if given and self.call_id else given

    def with_call_id(self, call_id: str) -> "Principal":
        """The same, about a phone call."""
        return replace(self, call_id=call_id)


LOCAL: Final = Principal(credential="local", scopes=frozenset(Scope), projects=None)
"""Whoever started the program on this machine."""

ANONYMOUS: Final = Principal(credential="nobody", scopes=frozenset(), projects=frozenset())
"""Somebody who has not said who they are."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessKey:
    """A credential of slotmcp's own, as it is listed. The secret was shown once, and only its hash is kept."""

    id: str
    name: str
    scope: Scope
    project_id: str | None
    """None: good for every project, those to come too."""
    created_at_ms: int
    expires_at_ms: int | None = None
    """None: good until it is revoked."""
    revoked_at_ms: int | None = None

    def is_valid(self, now_ms: int) -> bool:
        """Whether it opens anything now."""
        return self.revoked_at_ms is None and (self.expires_at_ms is None or now_ms < self.expires_at_ms)

    @property
    def principal(self) -> Principal:
        """Who calls with it."""
        projects = None if self.project_id is None else frozenset({self.project_id})
        return Principal(credential=self.id, scopes=self.scope.included, projects=projects)


def only_project(projects: Collection[str]) -> str:
    """The one project there is.

    Raises:
        InvalidArgument: there is none, or there are several.
    """
    if len(projects) == 1:
        return next(iter(projects))
    if not projects:
        raise InvalidArgument("projectId", "no project has been imported yet; run `slotmcp import FILE` first.")
    raise InvalidArgument("projectId", f"name one of the projects: {', '.join(projects)}.")
