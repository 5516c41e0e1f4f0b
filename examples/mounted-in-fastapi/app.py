"""A FastAPI app with a route of its own, and slotmcp under /booking."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from slotmcp.asgi import create_app

booking = create_app()


@asynccontextmanager
async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
    """Run slotmcp while the app runs: servers do not run the lifespan of a mounted app."""
    async with booking.running():
        yield


app = FastAPI(lifespan=lifespan)


@app.get("/about")
async def about() -> dict[str, str]:
    """Describe the business."""
    return {"name": "Mile High Plumbing"}


app.mount("/booking", booking)
