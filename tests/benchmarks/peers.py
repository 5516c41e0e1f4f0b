"""`make peers PEERS=FILE`: compare slotmcp with other booking servers that you run, by requests in a JSON file.

`peers.example.json` beside this script describes slotmcp and four peers. Copy it, and fill in the addresses and ids of
the business that you created in each of them.
"""

import asyncio
import sys
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any, Final

import httpx2
from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.table import Table

EXAMPLE: Final = Path(__file__).with_name("peers.example.json")
DAYS: Final = 7
ROUNDS: Final = 9
CALLERS: Final = (1, 8, 64)
TIMEOUT_SECONDS: Final = 60

HELP: Final = f"""No peers are named, so nothing was compared.

1. Install the peers that you want to compare, each with the same business, next to `slotmcp http`:
   Floyd engine             https://github.com/floyd-run/engine (Docker image, PostgreSQL)
   Cal.com                  https://github.com/calcom/cal.com (API v2)
   django-appointment       https://pypi.org/project/django-appointment/
   Easy!Appointments        https://easyappointments.org (PHP, MySQL)
2. Copy {EXAMPLE.name} from {EXAMPLE.parent}, and fill in addresses, keys and ids.
3. Run `make peers PEERS=YOUR_FILE`.
"""

Values = Mapping[str, str]
"""Values of the placeholders in a request, such as {date}."""


class Request(BaseModel):
    """One HTTP request. Its URL and body may contain placeholders."""

    model_config = ConfigDict(extra="forbid")

    url: str
    method: str = "GET"
    body: Any = None
    keep: str = ""
    """Path of a value in the JSON response that later requests use as {id}, such as `data.id`."""
    expect: str = ""
    """Text that each response must contain."""


class Peer(BaseModel):
    """Booking server, and its requests."""

    model_config = ConfigDict(extra="forbid")

    name: str
    headers: dict[str, str] = {}
    items: list[str] = [""]
    """Technicians or staff; a request with {item} is sent for each of them."""
    week: list[Request] = []
    """Requests for a week of slots; one with {date} is sent for each day."""
    pair: list[Request] = []
    """Requests that hold and book one start."""
    starts: list[str] = []
    """Free starts for `pair`, as the peer writes them; START/END if it needs the end."""


class Comparison(BaseModel):
    """The file."""

    model_config = ConfigDict(extra="forbid")

    first_date: date
    peers: list[Peer]
    """The first one is compared with the others."""


def fill(template: Any, values: Values) -> Any:  # noqa: ANN401  a JSON value
    """Return a JSON value whose texts have the values of their placeholders."""
    if isinstance(template, str):
        for name, value in values.items():
            template = template.replace(f"{{{name}}}", value)
        return template
    if isinstance(template, list):
        return [fill(each, values) for each in template]
    return {key: fill(each, values) for key, each in template.items()} if isinstance(template, dict) else template


def week_values(request: Request, peer: Peer, first: date) -> Iterator[Values]:
    """Yield the placeholders' values for each repetition of a request."""
    text = f"{request.url} {request.body}"
    dates = [first + timedelta(days=n) for n in range(DAYS)] if "{date}" in text else [first]
    for item in peer.items if "{item}" in text else [""]:
        for day in dates:
            yield {"date": f"{day}", "next": f"{day + timedelta(days=1)}", "item": item,
                   "first": f"{first}", "last": f"{first + timedelta(days=DAYS)}"}  # fmt: skip


async def send(client: httpx2.AsyncClient, request: Request, values: Values) -> str:
    """Send a request, check its response, and return the value to keep.

    Raises:
        ValueError: the response is an error, or lacks the expected text.
    """
    body = None if request.body is None else fill(request.body, values)
    response = await client.request(request.method, fill(request.url, values), json=body)
    if not response.is_success or request.expect not in response.text:
        raise ValueError(f"{request.method} {response.url}: {response.status_code} {response.text[:200]}")
    if not request.keep:
        return ""
    value = response.json()
    for key in request.keep.split("."):
        value = value[key]
    return f"{value}"


async def week_ms(peer: Peer, first: date) -> float:
    """Return the median milliseconds for a week of slots."""
    async with _client(peer) as client:
        times = []
        for _ in range(ROUNDS):
            started = perf_counter()
            for request in peer.week:
                for values in week_values(request, peer, first):
                    await send(client, request, values)
            times.append((perf_counter() - started) * 1000)
    return median(times)


async def pairs_per_second(peer: Peer, callers: int, starts: Sequence[str]) -> float:
    """Return the bookings per second of concurrent callers, each with a start of its own."""
    remaining = iter(list(enumerate(starts)))
    async with _client(peer) as client:

        async def call() -> None:
            for number, start in remaining:
                kept = ""
                for request in peer.pair:
                    item = peer.items[number % len(peer.items)]
                    begin, _, end = start.partition("/")
                    values = {"start": begin, "end": end, "number": f"{number}", "item": item, "id": kept}
                    kept = await send(client, request, values) or kept

        started = perf_counter()
        await asyncio.gather(*(call() for _ in range(callers)))
        return len(starts) / (perf_counter() - started)


def _client(peer: Peer) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(headers=peer.headers, timeout=TIMEOUT_SECONDS, limits=httpx2.Limits(max_connections=64))


async def compare(comparison: Comparison) -> Table:
    """Return a table of all peers, one after the other."""
    table = Table("peer", "week of slots", "times the first", *(f"pairs/s, {callers} callers" for callers in CALLERS))
    first_ms = 0.0
    for peer in comparison.peers:
        try:
            ms = await week_ms(peer, comparison.first_date)
            first_ms = first_ms or ms
            share = len(peer.starts) // len(CALLERS)
            parts = [peer.starts[n * share : (n + 1) * share] for n in range(len(CALLERS))]
            rates = [
                f"{await pairs_per_second(peer, callers, part):.0f}" if part and peer.pair else "-"
                for callers, part in zip(CALLERS, parts, strict=True)
            ]
            table.add_row(peer.name, f"{ms:.1f} ms", f"{ms / first_ms:.1f}", *rates)
        except (ValueError, httpx2.HTTPError) as error:
            table.add_row(peer.name, f"failed: {error}")
    return table


def main(arguments: Sequence[str]) -> None:
    """Compare the peers of the file in the arguments, or say how to name some."""
    if not arguments:
        sys.stdout.write(HELP)
        return
    comparison = Comparison.model_validate_json(Path(arguments[0]).read_text("utf-8"))
    Console(width=140).print(asyncio.run(compare(comparison)))


if __name__ == "__main__":
    main(sys.argv[1:])
