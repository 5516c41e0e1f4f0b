"""OAuth 2.1, as a resource server: tokens of one issuer, held to its keys, to this audience and to what they reach.

RFC 9068 (what a token says), RFC 9728 (where tokens can be had), RFC 8707 (whom a token is for).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from slotmcp.domain.access import Principal, Scope
from slotmcp.web.issuer_keys import ALGORITHMS, IssuerKeys

SCOPE_PREFIX: Final = "slotmcp:"
PROJECT_PREFIX: Final = "slotmcp:project:"
PROJECTS_CLAIM: Final = "slotmcp_projects"
EVERY_PROJECT: Final = "*"
METADATA_PATH: Final = "/.well-known/oauth-protected-resource"
SCOPES: Final = tuple(SCOPE_PREFIX + scope for scope in Scope)

_LEEWAY_SECONDS: Final = 30
_REQUIRED: Final = ("exp", "iss", "aud")
_HASH_LENGTH: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """This server, as an issuer knows it."""

    issuer: str
    audience: str
    """Whom a token has to be for."""
    path: str
    """Where MCP is served."""
    public_url: str = ""
    """Where clients reach this server; empty: where the request says that it went."""

    def metadata_url(self, request: Request) -> str:
        """Where it is told how to get a token."""
        return f"{self._base(request)}{METADATA_PATH}{self.path}"

    def challenge(self, request: Request) -> str:
        """What WWW-Authenticate says of it."""
        return f'resource_metadata="{self.metadata_url(request)}"'

    def routes(self) -> list[Route]:
        """The metadata, where clients look for it."""
        return [Route(path, self._metadata, methods=["GET"]) for path in (METADATA_PATH, METADATA_PATH + self.path)]

    async def _metadata(self, request: Request) -> Response:
        told = {
            "resource": f"{self._base(request)}{self.path}",
            "authorization_servers": [self.issuer],
            "scopes_supported": list(SCOPES),
            "bearer_methods_supported": ["header"],
            "resource_name": "slotmcp",
        }
        return JSONResponse(told, headers={"Cache-Control": "max-age=300"})

    def _base(self, request: Request) -> str:
        return (self.public_url or str(request.base_url)).rstrip("/")


class OAuth:
    """Tells who has a token of the issuer's."""

    def __init__(self, resource: Resource, keys: IssuerKeys) -> None:
        self._resource = resource
        self._keys = keys

    async def authenticate(self, token: str) -> Principal | None:
        """Who calls with a token; None: it is not good, or not for here.

        Raises:
            Unavailable: the issuer's keys cannot be had, and the token may be good.
        """
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS:
                return None
            key = await self._keys.find(str(header.get("kid", "")))
            return None if key is None else _principal(self._read(token, key))
        except (jwt.PyJWTError, ValueError):
            return None

    def _read(self, token: str, key: jwt.PyJWK) -> Mapping[str, Any]:
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(ALGORITHMS),
            audience=self._resource.audience,
            issuer=self._resource.issuer,
            leeway=_LEEWAY_SECONDS,
            options={"require": list(_REQUIRED)},
        )
        return claims


def _principal(claims: Mapping[str, Any]) -> Principal:
    said = frozenset(_words(claims.get("scope")) + _words(claims.get("scp")))
    scopes = [scope.included for scope in Scope if SCOPE_PREFIX + scope in said]
    return Principal(
        credential=_credential(claims), scopes=frozenset[Scope]().union(*scopes), projects=_projects(claims, said)
    )


def _credential(claims: Mapping[str, Any]) -> str:
    """The same for every token of one subject and client; a hash, as it may be somebody's address."""
    whose = [str(claims.get(name, "")) for name in ("iss", "sub", "client_id", "azp")]
    return "oauth:" + sha256("\n".join(whose).encode()).hexdigest()[:_HASH_LENGTH]


def _projects(claims: Mapping[str, Any], said: Iterable[str]) -> frozenset[str] | None:
    in_scopes = [word.removeprefix(PROJECT_PREFIX) for word in said if word.startswith(PROJECT_PREFIX)]
    named = frozenset([*in_scopes, *_words(claims.get(PROJECTS_CLAIM))]) - {""}
    return None if EVERY_PROJECT in named else named


def _words(claim: object) -> list[str]:
    """A claim's words, whether they are a list or stand in one string."""
    if isinstance(claim, str):
        return claim.split()
    return [one for one in claim if isinstance(one, str)] if isinstance(claim, list) else []
