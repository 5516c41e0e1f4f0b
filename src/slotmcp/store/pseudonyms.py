"""What is kept of a personal reference: a hash that only this project can make."""

import hashlib
import hmac


def pseudonym_of(salt: bytes, text: str) -> str:
    """HMAC-SHA256 with the project's secret salt, in hex."""
    return hmac.digest(salt, text.encode(), hashlib.sha256).hex()
