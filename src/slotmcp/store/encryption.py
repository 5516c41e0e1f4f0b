"""Encryption of contact details, addresses and notes at rest, with keys that only the settings hold.

`slotmcp.store.tables` marks the columns. The project's salt is one of them: with it, the keyed hashes of phone numbers
could be reversed by trying every number. docs/decisions/0020 has the reasons.
"""

from collections.abc import Sequence
from typing import Final

from slotmcp.domain.errors import DatabaseUnusable
from slotmcp.store.columns import ENCRYPTED_COLUMNS
from slotmcp.store.statement import Fetch, Row, Statement

MARK: Final = "\x02slotmcp:1:"
"""Start of every encrypted value. Text of callers, files and calendars has no control characters."""
_MARK_BYTES: Final = MARK.encode()

SETTING: Final = "SLOTMCP_ENCRYPTION_KEYS"
NO_KEY: Final = f"The database is encrypted. Set {SETTING} to the key that encrypted it."
WRONG_KEY: Final = f"The database is encrypted with a key that {SETTING} does not have. Add that key."
NOT_ENCRYPTED: Final = (
    f"{SETTING} is set, but this database is not encrypted yet. Stop all servers, run `slotmcp encryption apply`, and "
    "start them again."
)

# Read the salt of every project, and whether it is encrypted.
SALTS = Statement(
    "SELECT salt, substr(salt, 1, length(:mark)) = CAST(:mark AS BLOB) FROM projects",
    postgres="SELECT salt, substr(salt, 1, length(:mark::text)) = convert_to(:mark::text, 'UTF8') FROM projects",
)


class FieldCipher:
    """Encryption of single values with Fernet (AES-128-CBC and HMAC-SHA256): https://github.com/fernet/spec.

    The first key encrypts; every key decrypts.
    """

    def __init__(self, keys: Sequence[str]) -> None:
        from cryptography.fernet import Fernet, InvalidToken, MultiFernet  # noqa: PLC0415  rarely needed, slow to load

        fernets = [Fernet(key) for key in keys]
        self._newest = fernets[0]
        self._all = MultiFernet(fernets)
        self._invalid_token = InvalidToken

    def encrypt(self, value: object) -> object:
        """Return a text or bytes encrypted. Other values, empty ones and encrypted ones stay as they are."""
        if not value or is_encrypted(value):
            return value
        if isinstance(value, str):
            return MARK + self._newest.encrypt(value.encode()).decode()
        return _MARK_BYTES + self._newest.encrypt(value) if isinstance(value, bytes) else value

    def decrypt(self, value: object) -> object:
        """Return an encrypted value as it was before. Other values stay as they are.

        Raises:
            DatabaseUnusable: no key decrypts it.
        """
        if not is_encrypted(value):
            return value
        try:
            content = self._all.decrypt(_token(value))
        except self._invalid_token as error:
            raise DatabaseUnusable(WRONG_KEY) from error
        return content.decode() if isinstance(value, str) else content

    def encrypt_values(self, values: dict[str, object]) -> dict[str, object]:
        """Return a statement's values; those with the name of an encrypted column are encrypted."""
        encrypted = {name: self.encrypt(values[name]) for name in ENCRYPTED_COLUMNS & values.keys()}
        return values | encrypted if encrypted else values

    def decrypt_rows(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Return a statement's rows decrypted.

        Raises:
            DatabaseUnusable: no key decrypts one of their values.
        """
        return [tuple(map(self.decrypt, row)) if any(map(is_encrypted, row)) else row for row in rows]

    def is_newest(self, value: object) -> bool:
        """Return whether a value is encrypted with the first key."""
        try:
            return is_encrypted(value) and bool(self._newest.decrypt(_token(value)))
        except self._invalid_token:
            return False


def _token(value: object) -> bytes:
    """Return the Fernet token in an encrypted value."""
    encoded = value.encode() if isinstance(value, str) else value
    return encoded[len(_MARK_BYTES) :] if isinstance(encoded, bytes) else b""


def is_encrypted(value: object) -> bool:
    """Return whether a value is an encrypted one."""
    if isinstance(value, str):
        return value.startswith(MARK)
    return isinstance(value, bytes) and value.startswith(_MARK_BYTES)


def readable_salt(salt: bytes) -> bytes:
    """Return a project's salt.

    Raises:
        DatabaseUnusable: it is encrypted, because this process has no key.
    """
    if is_encrypted(salt):
        raise DatabaseUnusable(NO_KEY)
    return salt


async def check_encryption(fetch: Fetch, cipher: FieldCipher | None) -> None:
    """Check that the keys fit the database.

    Raises:
        DatabaseUnusable: a key is missing, or the database is not encrypted yet.
    """
    for salt, has_mark in await fetch(SALTS, mark=MARK):
        readable_salt(bytes(salt))
        if cipher is not None and not has_mark:
            raise DatabaseUnusable(NOT_ENCRYPTED)


def new_key() -> str:
    """Return a new random key: 32 bytes in URL-safe Base64."""
    from cryptography.fernet import Fernet  # noqa: PLC0415  rarely needed, slow to load

    return Fernet.generate_key().decode()
