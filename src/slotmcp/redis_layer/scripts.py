"""Lua scripts, each declared once with its number of keys and arguments."""

from collections.abc import Awaitable, Sequence
from functools import cache
from hashlib import sha1
from importlib.resources import files
from typing import TYPE_CHECKING, Final, cast

if TYPE_CHECKING:
    from slotmcp.redis_layer.clients import Client

Argument = bytes | str | int | float


class Script:
    """Script in the `lua` folder. Its first lines document its keys, arguments and result."""

    def __init__(self, name: str, *, keys: int, arguments: int) -> None:
        self.name = name
        self._keys = keys
        self._arguments = arguments

    async def run(self, client: "Client", *, keys: Sequence[str], arguments: Sequence[Argument]) -> int:
        """Run the script by its hash, or send its text if the server does not have it yet.

        Raises:
            TypeError: wrong number of keys or arguments.
            RedisError: any error of the client.
        """
        from redis.exceptions import NoScriptError  # noqa: PLC0415  most installations have no Redis

        if (len(keys), len(arguments)) != (self._keys, self._arguments):
            raise TypeError(f"{self.name} takes {self._keys} keys and {self._arguments} arguments")
        text, digest = _source(self.name)
        try:
            return await cast("Awaitable[int]", client.evalsha(digest, len(keys), *keys, *arguments))
        except NoScriptError:
            return await cast("Awaitable[int]", client.eval(text, len(keys), *keys, *arguments))


@cache
def _source(name: str) -> tuple[str, str]:
    text = files(__package__).joinpath("lua", f"{name}.lua").read_text(encoding="utf-8")
    return text, sha1(text.encode(), usedforsecurity=False).hexdigest()


RAISE_REVISION: Final = Script("raise_revision", keys=1, arguments=4)
SAVE_SNAPSHOT: Final = Script("save_snapshot", keys=3, arguments=4)
COUNT_CALL: Final = Script("count_call", keys=1, arguments=2)
COUNT_ATTEMPT: Final = Script("count_attempt", keys=1, arguments=2)
