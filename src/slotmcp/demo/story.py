"""The story of the demo: two callers, one heating and cooling company."""

import json

from slotmcp.demo.office import Answer, Line, Office
from slotmcp.demo.paper import Paper
from slotmcp.installation import claude_code, stdio_server, typed

SERVICE = "furnace-tune-up"
CALLER = "caller-7a1f"
MARIA = {"customerName": "Maria Alvarez", "customerPhone": "+1 303 555 0142", "address": "1437 Bannock St, Denver"}
PAUL = {"customerName": "Paul Okafor", "customerPhone": "+1 303 555 0177"}


def next_steps() -> str:
    """What to do after the demo."""
    slotmcp = typed()
    command, *arguments = stdio_server()
    desktop = {"mcpServers": {"slotmcp": {"command": command, "args": arguments}}}
    return "\n".join(
        (
            "What to do next:",
            "",
            f"  {slotmcp} sample > denver.yaml    # a project file to make your own",
            f"  {slotmcp} import denver.yaml      # bring it in, again whenever it changes",
            f"  {slotmcp} slots                   # see what is free, as a table",
            f"  {slotmcp} doctor                  # see what is configured, and what to do",
            "",
            "Connect Claude Code:",
            "",
            f"  {claude_code({})}",
            "",
            "Connect Claude Desktop, in its claude_desktop_config.json:",
            "",
            f"  {json.dumps(desktop)}",
        )
    )


async def tell(office: Office, paper: Paper) -> None:
    """Open the office, take two calls, and say what to do next.

    Raises:
        DemoError: something answered otherwise than the story needs.
    """
    await paper.scene("A heating and cooling company in Denver opens. $ slotmcp import denver.yaml")
    await paper.tool(office.open())
    async with office.line(paper) as line:
        await paper.scene("The phone rings. The agent's MCP client has started $ slotmcp stdio")
        await _greeting(line, paper)
        slot = await _choice(line, paper)
        booking = await _booking(line, paper, slot)
        await _afterwards(line, paper, slot)
    async with office.line(paper) as line:
        await paper.scene("Another phone rings: another agent, another server process, the same database.")
        await _neighbour(line, paper, booking)
    await paper.end(next_steps())


async def _greeting(line: Line, paper: Paper) -> None:
    await paper.agent("Front Range Heating and Air, how can I help you?")
    await paper.caller("Hello. Our furnace rattles. Could somebody see to it, one of these afternoons?")
    await line.ask("list_services")


async def _choice(line: Line, paper: Paper) -> Answer:
    answer = await line.ask("get_slots", serviceType=SERVICE, partOfDay="afternoon")
    await paper.agent(answer["result"])
    slot: Answer = answer["slots"][0]
    await paper.caller("The first one might do. Let me ask my husband.")
    held = await line.ask("create_hold", serviceType=SERVICE, start=slot["start"], customerHash=CALLER)
    await paper.agent(held["result"])
    await paper.scene("While she asks, nobody else is sold that place:")
    await _look(line, paper, slot)
    return {**slot, "holdToken": held["holdToken"]}


async def _booking(line: Line, paper: Paper, slot: Answer) -> Answer:
    await paper.caller("Yes, please. It is Maria Alvarez, 1437 Bannock Street, 303 555 0142.")
    answer = await line.ask("book_slot", holdToken=slot["holdToken"], **MARIA)
    await paper.agent(answer["result"])
    await paper.scene("The line crackles, and the agent's framework sends the same request again:")
    again = await line.ask("book_slot", holdToken=slot["holdToken"], **MARIA)
    same = again["booking"]["bookingId"] == answer["booking"]["bookingId"]
    await paper.tool("   the same booking, made once" if same else "   ANOTHER BOOKING")
    booking: Answer = answer["booking"]
    return booking


async def _afterwards(line: Line, paper: Paper, slot: Answer) -> None:
    await paper.scene("The hold has become a booking, and its place is still gone:")
    await _look(line, paper, slot)


async def _look(line: Line, paper: Paper, slot: Answer) -> None:
    answer = await line.ask("get_slots", serviceType=SERVICE, **{"from": slot["start"], "to": slot["end"]}, limit=1)
    left = next((one["capacity"] for one in answer["slots"] if one["start"] == slot["start"]), 0)
    await paper.tool(f"   {slot['label']}: capacity {slot['capacity']} -> {left}" + ("" if left else ", gone"))


async def _neighbour(line: Line, paper: Paper, booking: Answer) -> None:
    first_name = booking["technicianName"].partition(" ")[0]
    await paper.caller(f"Maria next door has {first_name} coming, {booking['label']}. I want {first_name} then, too!")
    wish = {"serviceType": SERVICE, "start": booking["start"], "technicianId": booking["technicianId"]}
    refused = await line.ask_in_vain("book_slot", **wish, **PAUL)
    await paper.agent(refused["result"])
    alternatives = refused["error"].get("alternatives")
    if not alternatives:
        await paper.caller("No, thank you. I will call again.")
        return
    await paper.caller("The first of those, then.")
    answer = await line.ask("book_slot", **{**wish, "start": alternatives[0]["start"]}, **PAUL)
    await paper.agent(answer["result"])
