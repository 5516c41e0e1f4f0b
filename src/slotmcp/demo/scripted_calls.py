"""Script of `slotmcp demo`: two phone calls to a heating and cooling company."""

import json

from slotmcp.demo.stdio_business import PhoneLine, StdioBusiness, ToolResult
from slotmcp.demo.transcript import Transcript
from slotmcp.installation import claude_code_command, shell_command, stdio_command

SERVICE = "furnace-tune-up"
CALLER = "caller-7a1f90be35d2"
MARIA = {"customerName": "Maria Alvarez", "customerPhone": "+1 303 555 0142", "address": "1437 Bannock St, Denver"}
PAUL = {"customerName": "Paul Okafor", "customerPhone": "+1 303 555 0177"}


def next_steps() -> str:
    """Return the commands to run after the demo."""
    slotmcp = shell_command()
    command, *arguments = stdio_command()
    desktop = {"mcpServers": {"slotmcp": {"command": command, "args": arguments}}}
    return "\n".join(
        (
            "What to do next:",
            "",
            f"  {slotmcp} sample > denver.yaml    # a project file to start from",
            f"  {slotmcp} import denver.yaml      # create or update the project",
            f"  {slotmcp} slots                   # show available times",
            f"  {slotmcp} doctor                  # check the configuration",
            "",
            "Connect Claude Code:",
            "",
            f"  {claude_code_command({})}",
            "",
            "Connect Claude Desktop, in its claude_desktop_config.json:",
            "",
            f"  {json.dumps(desktop)}",
        )
    )


async def play(business: StdioBusiness, transcript: Transcript) -> None:
    """Import the business, play two calls, and print the next steps.

    Raises:
        DemoError: a tool returned an unexpected result.
    """
    await transcript.scene("A heating and cooling company in Denver opens. $ slotmcp import denver.yaml")
    await transcript.tool(business.import_sample())
    async with business.phone_line(transcript) as line:
        await transcript.scene("The phone rings. The agent's MCP client has started $ slotmcp stdio")
        await _greet(line, transcript)
        slot = await _hold_slot(line, transcript)
        booking = await _book_twice(line, transcript, slot)
        await transcript.scene("The hold has become a booking, and the time is still taken:")
        await _print_capacity(line, transcript, slot)
    async with business.phone_line(transcript) as line:
        await transcript.scene("Another phone rings: another agent, another server process, the same database.")
        await _book_alternative(line, transcript, booking)
    await transcript.block(next_steps())


async def _greet(line: PhoneLine, transcript: Transcript) -> None:
    await transcript.agent("Front Range Heating and Air, how can I help you?")
    await transcript.caller("Hello. Our furnace rattles. Could someone take a look at it, one afternoon this week?")
    await line.call("list_services")


async def _hold_slot(line: PhoneLine, transcript: Transcript) -> ToolResult:
    result = await line.call("get_slots", serviceType=SERVICE, partOfDay="afternoon")
    await transcript.agent(result["result"])
    slot: ToolResult = result["slots"][0]
    await transcript.caller("The first one might do. Let me ask my husband.")
    hold = await line.call("create_hold", serviceType=SERVICE, start=slot["start"], customerHash=CALLER)
    await transcript.agent(hold["result"])
    await transcript.scene("Meanwhile, no other caller can take that time:")
    await _print_capacity(line, transcript, slot)
    return {**slot, "holdToken": hold["holdToken"]}


async def _book_twice(line: PhoneLine, transcript: Transcript, slot: ToolResult) -> ToolResult:
    await transcript.caller("Yes, please. It is Maria Alvarez, 1437 Bannock Street, 303 555 0142.")
    result = await line.call("book_slot", holdToken=slot["holdToken"], **MARIA)
    await transcript.agent(result["result"])
    await transcript.scene("The line crackles, and the agent's framework sends the same request again:")
    retry = await line.call("book_slot", holdToken=slot["holdToken"], **MARIA)
    is_same = retry["booking"]["bookingId"] == result["booking"]["bookingId"]
    await transcript.tool("   the same booking, made once" if is_same else "   ANOTHER BOOKING")
    booking: ToolResult = result["booking"]
    return booking


async def _print_capacity(line: PhoneLine, transcript: Transcript, slot: ToolResult) -> None:
    result = await line.call("get_slots", serviceType=SERVICE, **{"from": slot["start"], "to": slot["end"]}, limit=1)
    remaining = next((other["capacity"] for other in result["slots"] if other["start"] == slot["start"]), 0)
    await transcript.tool(
        f"   {slot['label']}: capacity {slot['capacity']} -> {remaining}" + ("" if remaining else ", gone")
    )


async def _book_alternative(line: PhoneLine, transcript: Transcript, booking: ToolResult) -> None:
    name = booking["technicianName"].partition(" ")[0]
    await transcript.caller(f"Maria next door has {name} coming, {booking['label']}. I want {name} then, too!")
    request = {"serviceType": SERVICE, "start": booking["start"], "technicianId": booking["technicianId"]}
    refused = await line.call_refused("book_slot", **request, **PAUL)
    await transcript.agent(refused["result"])
    alternatives = refused["error"].get("alternatives")
    if not alternatives:
        await transcript.caller("No, thank you. I will call again.")
        return
    await transcript.caller("The first of those, then.")
    result = await line.call("book_slot", **{**request, "start": alternatives[0]["start"]}, **PAUL)
    await transcript.agent(result["result"])
