"""A certificate authority of the tests, with a certificate for servers and one for clients."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

LASTS: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Certificates:
    """Files in PEM format. The server's certificate is valid for 127.0.0.1 only."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> Self:
        """Write the files of a new authority into a folder."""
        authority_key, made = ec.generate_private_key(ec.SECP256R1()), cls(folder)
        authority = _signed(_builder("Authority", authority_key, "Authority", is_authority=True), authority_key)
        made.authority.write_bytes(authority.public_bytes(serialization.Encoding.PEM))
        for name in ("server", "client"):
            key = ec.generate_private_key(ec.SECP256R1())
            address = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
            builder = _builder(name, key, "Authority", is_authority=False).add_extension(address, critical=False)
            signed = _signed(builder, authority_key)
            made.certificate(name).write_bytes(signed.public_bytes(serialization.Encoding.PEM))
            made.key(name).write_bytes(_pem(key))
        return made

    @property
    def authority(self) -> Path:
        return self.folder / "authority.pem"

    def certificate(self, name: str) -> Path:
        return self.folder / f"{name}.pem"

    def key(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    @property
    def query(self) -> str:
        """The options of a URL with which a client knows the authority, and is known itself."""
        return (
            f"ssl_ca_certs={self.authority}&ssl_certfile={self.certificate('client')}&ssl_keyfile={self.key('client')}"
        )


def _builder(name: str, key: ec.EllipticCurvePrivateKey, issuer: str, *, is_authority: bool) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - LASTS)
        .not_valid_after(now + LASTS)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )


def _signed(builder: x509.CertificateBuilder, key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    return builder.sign(key, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
