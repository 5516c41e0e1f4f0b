"""A phone call through Vapi: the messages that Vapi sends while its assistant books an appointment."""

import json
import os
import uuid
from typing import Any

import httpx2

SERVER = os.environ.get("SERVER", "http://127.0.0.1:8000")
KEY = os.environ.get("KEY", "")
CALL_ID = str(uuid.uuid4())


def main() -> None:
    """Find a time, hold it while the caller decides, and book it; Vapi repeats the last message."""
    slots = call("get_slots", **{"from": "tomorrow", "limit": 2})["slots"]
    held = call("create_hold", start=slots[0]["start"])

    booking = tool_call("book_slot", holdToken=held["holdToken"], customerName="Kim Doe", customerPhone="303 555 0142")
    booked = send(booking)
    again = send(booking)
    assert again["replayed"], "a repeated message books nothing twice"
    assert again["booking"]["bookingId"] == booked["booking"]["bookingId"]

    refused = call("book_slot", start="next year", customerName="Kim Doe", customerPhone="303 555 0142")
    assert refused["error"]["code"] == "invalid_argument", "an error is a result that the model reads"

    report = post({"message": {"type": "end-of-call-report", "call": {"id": CALL_ID}}})
    assert report == {}, "messages that are not for a tool are accepted"


def call(tool: str, **arguments: object) -> dict[str, Any]:
    """Call a tool once."""
    return send(tool_call(tool, **arguments))


def tool_call(tool: str, **arguments: object) -> dict[str, Any]:
    """Return one call of a tool, as the model makes it."""
    return {"id": f"toolu_{uuid.uuid4().hex}", "name": tool, "arguments": arguments}


def send(called: dict[str, Any]) -> dict[str, Any]:
    """Send the message with one call of a tool, and return the tool's answer."""
    message = {"type": "tool-calls", "call": {"id": CALL_ID}, "toolCallList": [called]}
    (result,) = post({"message": message})["results"]
    assert result["toolCallId"] == called["id"]
    assert "\n" not in result["result"], "Vapi accepts results of one line"
    answer: dict[str, Any] = json.loads(result["result"])
    print(f"{called['name']}: {answer['result']}")
    return answer


def post(body: dict[str, Any]) -> dict[str, Any]:
    """Post a message to the server URL."""
    headers = {"Authorization": f"Bearer {KEY}"} if KEY else {}
    answer: dict[str, Any] = httpx2.post(f"{SERVER}/v1/vapi", json=body, headers=headers).raise_for_status().json()
    return answer


main()
