"""The first minute of an agent: a time, a hold and a booking."""

from mcp import Client

from support.server import Body, body_of


async def book_first_time(client: Client) -> Body:
    """Book the first available time, and return the response."""
    start = body_of(await client.call_tool("get_slots", {"limit": 1}))["slots"][0]["start"]
    token = body_of(await client.call_tool("create_hold", {"start": start}))["holdToken"]
    customer = {"customerName": "Kim Doe", "customerPhone": "+1 303 555 0142"}
    return body_of(await client.call_tool("book_slot", {"holdToken": token, **customer}))
