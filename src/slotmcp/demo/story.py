"""The story of the demo: two callers, one heating and cooling company."""

from slotmcp.demo.office import Answer, Line, Office
from slotmcp.demo.paper import Paper

CALLER = "caller-7a1f"
MARIA = {"customerName": "Maria Alvarez", "customerPhone": "+1 303 555 0142", "address": "1437 Bannock St, Denver"}
PAUL = {"customerName": "Paul Okafor", "customerPhone": "+1 303 555 0177"}

NEXT_STEPS = """\
What to do next:
  slotmcp sample > denver.yaml          a project file to make your own
  slotmcp import denver.yaml            bring it in, again whenever it changes
  slotmcp slots                         see what is free, as a table
  slotmcp doctor                        see what is configured, and what to do

  claude mcp add slotmcp -- slotmcp stdio                       connect Claude Code
  {"mcpServers": {"slotmcp": {"command": "slotmcp", "args": ["stdio"]}}}
                                        connect Claude Desktop, in claude_desktop_config.json"""


async def tell(office: Office, paper: Paper) -> None:
    """Open the office, take two calls, and say what to do next.

    Raises:
        DemoError: something answered otherwise than the story needs.
    """
    await paper.scene("A heating and cooling company in Denver opens. $ slotmcp import denver.yaml")
    await paper.tool(office.open())
    async with office.line(paper) as line:
        await paper.scene("The phone rings. The agent's MCP client has started $ slotmcp stdio")
        service = await _greeting(line, paper)
        slot = await _choice(line, paper, service)
        booking = await _booking(line, paper, slot)
        await _afterwards(line, paper, slot)
    async with office.line(paper) as line:
        await paper.scene("Another phone rings: another agent, another server process, the same database.")
        await _neighbour(line, paper, service, booking)
    await paper.end(NEXT_STEPS)


async def _greeting(line: Line, paper: Paper) -> str:
    await paper.agent("Front Range Heating and Air, how can I help you?")
    await paper.caller("Hello. Our heating makes a terrible noise. Could somebody have a look, one of these mornings?")
    answer = await line.ask("list_services")
    return str(answer.get("defaultServiceType") or answer["services"][0]["serviceType"])


async def _choice(line: Line, paper: Paper, service: str) -> Answer:
    answer = await line.ask("get_slots", serviceType=service, partOfDay="morning")
    await paper.agent(answer["result"])
    slot: Answer = answer["slots"][0]
    await paper.caller("The first one might do. Let me ask my husband.")
    held = await line.ask("create_hold", serviceType=service, start=slot["start"], customerHash=CALLER)
    await paper.agent(held["result"])
    await paper.scene("While she asks, nobody else is sold that place:")
    await _look(line, paper, service, slot)
    return {**slot, "holdToken": held["holdToken"], "serviceType": service}


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
    await _look(line, paper, slot["serviceType"], slot)


async def _look(line: Line, paper: Paper, service: str, slot: Answer) -> None:
    answer = await line.ask("get_slots", serviceType=service, **{"from": slot["start"], "to": slot["end"]}, limit=1)
    left = next((one["capacity"] for one in answer["slots"] if one["start"] == slot["start"]), 0)
    await paper.tool(f"   {slot['label']}: capacity {slot['capacity']} -> {left}" + ("" if left else ", gone"))


async def _neighbour(line: Line, paper: Paper, service: str, booking: Answer) -> None:
    technician = booking["technicianName"]
    await paper.caller(
        f"My neighbour Maria has {technician} coming, {booking['label']}. I want {technician} then, too!"
    )
    wish = {
        "serviceType": service,
        "start": booking["start"],
        "technicianId": booking["technicianId"],
    }
    refused = await line.ask("book_slot", refused=True, **wish, **PAUL)
    await paper.agent(refused["result"])
    await paper.caller("The first of those, then.")
    wish = {**wish, "start": refused["error"]["alternatives"][0]["start"]}
    answer = await line.ask("book_slot", **wish, **PAUL)
    await paper.agent(answer["result"])
