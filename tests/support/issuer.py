"""OAuth issuer on a free port, with real keys."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from time import time
from types import MappingProxyType
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa

Secret = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
HOUR: Final = 3600


def new_rsa() -> Secret:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


@cache
def usual_key() -> Secret:
    """Return the same key each time, because the creation of RSA keys is slow."""
    return new_rsa()


def new_ec() -> Secret:
    return ec.generate_private_key(ec.SECP256R1())


def algorithm_of(secret: Secret) -> str:
    return "RS256" if isinstance(secret, rsa.RSAPrivateKey) else "ES256"


@dataclass
class Issuer:
    """Issuer that signs tokens and publishes its keys."""

    url: str = ""
    secrets: dict[str, Secret] = field(default_factory=dict)
    is_down: bool = False
    requests: list[str] = field(default_factory=list)
    misbehavior: "Misbehavior | None" = None
    """Answer to requests instead of the right one."""
    released: Event = field(default_factory=Event)
    """Set at the end, so that no misbehavior outlives the issuer."""

    def token(self, key_id: str, *, audience: str, scope: str, **claims: Any) -> str:  # noqa: ANN401  of any JSON
        """Return a token that is valid for an hour. A claim that is None is left out."""
        now = int(time())
        all_claims = {"iss": self.url, "aud": audience, "sub": "agent-1", "exp": now + HOUR, "scope": scope, **claims}
        secret = self.secrets[key_id]
        payload = {name: value for name, value in all_claims.items() if value is not None}
        return jwt.encode(payload, secret, algorithm_of(secret), headers={"kid": key_id})

    def key_set(self) -> dict[str, Any]:
        return {"keys": [_public(key_id, secret) for key_id, secret in self.secrets.items()]}

    def response_to(self, path: str) -> dict[str, Any] | None:
        """Return the response at a path."""
        self.requests.append(path)
        if self.is_down:
            return None
        return {
            "/.well-known/openid-configuration": {"issuer": self.url, "jwks_uri": f"{self.url}/keys"},
            "/keys": self.key_set(),
        }.get(path)


Misbehavior = Callable[[Issuer, BaseHTTPRequestHandler], None]
DRIP_SECONDS: Final = 0.02


def hang(issuer: Issuer, request: BaseHTTPRequestHandler) -> None:
    """Never answer."""
    del request
    issuer.released.wait()


def drip(issuer: Issuer, request: BaseHTTPRequestHandler) -> None:
    """Send a byte at a time, without an end."""
    answer(request, b"", length=1_000_000)
    while not issuer.released.wait(DRIP_SECONDS):
        request.wfile.write(b" ")
        request.wfile.flush()


def sending(body: bytes, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})) -> Misbehavior:
    """Return a misbehavior that sends a body."""
    return lambda _issuer, request: answer(request, body, status=status, headers=headers)


def answer(
    request: BaseHTTPRequestHandler,
    body: bytes,
    *,
    status: int = 200,
    length: int = -1,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Send a response. `length` is the announced one; by default that of the body."""
    request.send_response(status)
    for name, value in {"Content-Length": str(len(body) if length < 0 else length), **headers}.items():
        request.send_header(name, value)
    request.end_headers()
    request.wfile.write(body)


def _public(key_id: str, secret: Secret) -> dict[str, Any]:
    algorithm = algorithm_of(secret)
    jwk: dict[str, Any] = jwt.get_algorithm_by_name(algorithm).to_jwk(secret.public_key(), as_dict=True)
    return {**jwk, "kid": key_id, "use": "sig", "alg": algorithm}


@contextmanager
def issuing() -> Iterator[Issuer]:
    """Run an issuer with one key, "k1", until the block ends."""
    issuer = Issuer(secrets={"k1": usual_key()})

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            response = issuer.response_to(self.path)
            if issuer.misbehavior is not None:
                with suppress(OSError):  # the client has disconnected
                    issuer.misbehavior(issuer, self)
                return
            body = json.dumps(response).encode()
            self.send_response(404 if response is None else 200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  as the library has it
            del format, args

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        issuer.url = f"http://127.0.0.1:{server.server_port}"
        thread = Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield issuer
        finally:
            issuer.released.set()
            server.shutdown()
            thread.join()
