"""A phone call through Retell: the signed requests of custom functions while an agent books an appointment."""

import hashlib
import hmac
import json
import os
import time
import uuid
from typing import Any

import httpx2

SERVER = os.environ.get("SERVER", "http://127.0.0.1:8000")
KEY = os.environ.get("KEY", "")
RETELL_API_KEY = os.environ.get("RETELL_API_KEY", "key_of_retell")
CALL_ID = f"call_{uuid.uuid4().hex}"


def main() -> None:
    """Find a time and book it; Retell repeats the request. Requests of other senders are refused."""
    slots = call("get_slots", **{"from": "tomorrow", "limit": 2})["slots"]

    booking = body_of("book_slot", start=slots[0]["start"], customerName="Lee Roe", customerPhone="303 555 0143")
    booked = send(booking)
    again = send(booking)
    assert again["replayed"], "a repeated request books nothing twice"
    assert again["booking"]["bookingId"] == booked["booking"]["bookingId"]

    forged = post(body_of("get_slots"), signature_of(body_of("get_slots"), key="another key"))
    assert forged.status_code == httpx2.codes.UNAUTHORIZED, "another key does not sign"
    changed = post(booking.replace(b"Lee", b"Leo"), signature_of(booking))
    assert changed.status_code == httpx2.codes.UNAUTHORIZED, "a signature is that of one body"


def call(tool: str, **arguments: object) -> dict[str, Any]:
    """Call a tool once."""
    return send(body_of(tool, **arguments))


def body_of(tool: str, **arguments: object) -> bytes:
    """Return the body of a function call."""
    return json.dumps({"name": tool, "args": arguments, "call": {"call_id": CALL_ID}}).encode()


def signature_of(body: bytes, key: str = RETELL_API_KEY) -> str:
    """Return the signature of a body at this moment."""
    now_ms = time.time_ns() // 1_000_000
    digest = hmac.new(key.encode(), body + str(now_ms).encode(), hashlib.sha256).hexdigest()
    return f"v={now_ms},d={digest}"


def send(body: bytes) -> dict[str, Any]:
    """Send a signed function call, and return the tool's answer."""
    answer: dict[str, Any] = post(body, signature_of(body)).raise_for_status().json()
    print(f"{json.loads(body)['name']}: {answer['result']}")
    return answer


def post(body: bytes, signature: str) -> httpx2.Response:
    """Post a function call with a signature."""
    key = {"X-API-Key": KEY} if KEY else {}
    headers = {"Content-Type": "application/json", "X-Retell-Signature": signature, **key}
    return httpx2.post(f"{SERVER}/v1/retell", content=body, headers=headers)


main()
