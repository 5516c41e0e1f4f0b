"""OAuth 2.1 resource server: verify one issuer's tokens against its keys and this audience.

RFC 9068 (JWT access tokens), RFC 9728 (protected resource metadata), RFC 8707 (resource indicators).
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Final

import jwt
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from slotmcp.domain.access import Principal, Scope
from slotmcp.domain.interval import MS_PER_SECOND
from slotmcp.web.issuer_keys import IssuerKeys
from slotmcp.web.responses import path_in_app

DefaultProjects = Callable[[], Awaitable[frozenset[str] | None]]
"""Returns the projects of a token that names none; None: all."""

SCOPE_PREFIX: Final = "slotmcp:"
PROJECT_PREFIX: Final = "slotmcp:project:"
PROJECTS_CLAIM: Final = "slotmcp_projects"
EVERY_PROJECT: Final = "*"
NO_PROJECT: Final = (
    "This token names no project, and there is not exactly one. Name projects in its claim "
    f"{PROJECTS_CLAIM}, in its scope {PROJECT_PREFIX}ID, or for all such tokens in SLOTMCP_OAUTH_PROJECTS."
)
METADATA_PATH: Final = "/.well-known/oauth-protected-resource"
SCOPES: Final = tuple(SCOPE_PREFIX + scope for scope in Scope)

ALGORITHMS: Final = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Every asymmetric algorithm. A shared secret would not prove that the issuer signed the token."""

_LEEWAY_SECONDS: Final = 30
_REQUIRED: Final = ("exp", "iss", "aud")
_HASH_LENGTH: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """This server as a protected resource of the issuer."""

    issuer: str
    audience: str
    """Required audience of a token; empty: the URL of an MCP endpoint, below `public_url`."""
    default_path: str
    """Path of the MCP endpoint that requests without one of their own refer to."""
    paths: Mapping[str, str]
    """Paths of the MCP endpoints by request path."""
    public_url: str = ""
    """Base URL for clients; empty: the base URL of the request."""

    @property
    def audiences(self) -> list[str]:
        """Accepted audiences of a token."""
        endpoints = [self.public_url.rstrip("/") + path for path in dict.fromkeys(self.paths.values())]
        return [self.audience] if self.audience else endpoints

    def metadata_url(self, request: Request) -> str:
        """Return the URL of the metadata of the endpoint that a request is for."""
        return f"{self._base(request)}{METADATA_PATH}{self._path(request)}"

    def challenge(self, request: Request) -> str:
        """Return the WWW-Authenticate parameter that names the metadata."""
        return f'resource_metadata="{self.metadata_url(request)}"'

    def routes(self) -> list[Route]:
        """Return the metadata routes: one without a path, and one for each endpoint."""
        paths = ("", *dict.fromkeys(self.paths.values()))
        return [Route(METADATA_PATH + path, self._metadata, methods=["GET"]) for path in paths]

    async def _metadata(self, request: Request) -> Response:
        metadata = {
            "resource": f"{self._base(request)}{self._path(request)}",
            "authorization_servers": [self.issuer],
            "scopes_supported": list(SCOPES),
            "bearer_methods_supported": ["header"],
            "resource_name": "slotmcp",
        }
        return JSONResponse(metadata, headers={"Cache-Control": "max-age=300"})

    def _path(self, request: Request) -> str:
        """Return the path of the endpoint that a request, or a request for metadata, is for."""
        return self.paths.get(path_in_app(request.scope).removeprefix(METADATA_PATH), self.default_path)

    def _base(self, request: Request) -> str:
        return (self.public_url or str(request.base_url)).rstrip("/")


class OAuth:
    """Authentication with the issuer's tokens."""

    def __init__(self, resource: Resource, keys: IssuerKeys, *, default_projects: DefaultProjects) -> None:
        self._resource = resource
        self._keys = keys
        self._default_projects = default_projects

    async def authenticate(self, token: str) -> Principal | None:
        """Return the token's principal; None when the token is invalid or for another audience.

        Raises:
            Unavailable: the issuer's keys cannot be fetched, or the projects cannot be read.
        """
        try:
            header = jwt.get_unverified_header(token)
            if header.get("alg") not in ALGORITHMS:
                return None
            key = await self._keys.find(str(header.get("kid", "")))
            claims = None if key is None else self._verify(token, key)
        except (jwt.PyJWTError, ValueError, RecursionError):  # the last one: a header of nested brackets
            return None
        return None if claims is None else await self._principal(claims)

    def _verify(self, token: str, key: jwt.PyJWK) -> Mapping[str, Any]:
        claims: Mapping[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(ALGORITHMS),
            audience=self._resource.audiences,
            issuer=self._resource.issuer,
            leeway=_LEEWAY_SECONDS,
            options={"require": list(_REQUIRED)},
        )
        return claims

    async def _principal(self, claims: Mapping[str, Any]) -> Principal:
        granted = frozenset(_words(claims.get("scope")) + _words(claims.get("scp")))
        scopes = [scope.included for scope in Scope if SCOPE_PREFIX + scope in granted]
        names_projects = PROJECTS_CLAIM in claims or any(word.startswith(PROJECT_PREFIX) for word in granted)
        projects = _projects(claims, granted) if names_projects else await self._default_projects()
        return Principal(
            credential=_credential(claims),
            scopes=frozenset[Scope]().union(*scopes),
            projects=projects,
            no_project=NO_PROJECT,
            expires_at_ms=(int(claims["exp"]) + _LEEWAY_SECONDS) * MS_PER_SECOND,
        )


def _credential(claims: Mapping[str, Any]) -> str:
    """Return the same hash for every token of one subject and client; a subject may be an email address."""
    identity = [str(claims.get(name, "")) for name in ("iss", "sub", "client_id", "azp")]
    return "oauth:" + sha256("\n".join(identity).encode()).hexdigest()[:_HASH_LENGTH]


def _projects(claims: Mapping[str, Any], granted: Iterable[str]) -> frozenset[str] | None:
    in_scopes = [word.removeprefix(PROJECT_PREFIX) for word in granted if word.startswith(PROJECT_PREFIX)]
    projects = frozenset([*in_scopes, *_words(claims.get(PROJECTS_CLAIM))]) - {""}
    return None if EVERY_PROJECT in projects else projects


def _words(claim: object) -> list[str]:
    """Return the words of a claim that is a list or a space-separated string."""
    if isinstance(claim, str):
        return claim.split()
    return [word for word in claim if isinstance(word, str)] if isinstance(claim, list) else []
