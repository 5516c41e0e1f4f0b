"""JSON objects in the bodies of requests."""

from codecs import BOM_UTF8
from collections.abc import Mapping
from typing import Final

import orjson
from starlette.datastructures import Headers
from starlette.responses import Response

from slotmcp.domain.errors import InvalidArgument
from slotmcp.web.responses import error_response

JSON: Final = "application/json"
_UTF8: Final = frozenset({"", "utf-8", "utf8"})
_ENCODED: Final = "Send the body without Content-Encoding."
_OTHER_TYPE: Final = f"Send JSON in UTF-8, with the header Content-Type: {JSON}."
_NOT_JSON: Final = "must be valid JSON in UTF-8"
_NOT_AN_OBJECT: Final = 'must be a JSON object, such as {"limit": 3}.'


def unsupported_type(headers: Headers) -> Response | None:
    """Return the response to a body that is not announced as JSON. A request without a body needs no type."""
    if headers.get("content-encoding", "identity").lower() != "identity":
        return error_response(415, "unsupported_media_type", _ENCODED)
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if not has_body or _is_json(headers.get("content-type", "")):
        return None
    return error_response(415, "unsupported_media_type", _OTHER_TYPE)


def parse_object(body: bytes) -> Mapping[str, object]:
    """Return the object in a body; an empty body is an empty object. The last of several equal keys counts.

    A byte order mark is ignored (RFC 8259, section 8.1).

    Raises:
        InvalidArgument: the body is not a JSON object.
    """
    text = body.removeprefix(BOM_UTF8)
    if not text.strip():
        return {}
    try:
        parsed = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise InvalidArgument("body", f"{_NOT_JSON}.") from None
    return require_object(parsed, "body")


def require_object(value: object, field: str) -> Mapping[str, object]:
    """Return a parsed value that is an object.

    Raises:
        InvalidArgument: it is not; the error names the field.
    """
    if not isinstance(value, dict):
        raise InvalidArgument(field, _NOT_AN_OBJECT)
    return value


def _is_json(content_type: str) -> bool:
    media_type, *parameters = (part.strip().lower() for part in content_type.split(";"))
    named = dict(parameter.partition("=")[::2] for parameter in parameters)
    return media_type == JSON and named.get("charset", "").strip('"') in _UTF8
