"""Book an appointment through the FastAPI app in app.py. Uses its own database and deletes it."""

# /// script
# requires-python = ">=3.11"
# dependencies = ["fastapi==0.165.0", "slotmcp"]
#
# [tool.uv.sources]
# slotmcp = { path = "../..", editable = true }
# ///
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from fastapi import status
from fastapi.testclient import TestClient

PROJECT = Path(__file__).parents[1] / "change-of-mind" / "project.yaml"
CUSTOMER = {"customerName": "Kim Doe", "customerPhone": "303 555 0142"}


def main() -> None:
    """Prepare a database with a key, and call the app."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["SLOTMCP_DATABASE_URL"] = f"{folder}/slotmcp.db"
        slotmcp("import", str(PROJECT))
        key = slotmcp("keys", "create").split()[-1]
        from app import app  # noqa: PLC0415  create_app reads the settings

        with TestClient(app, base_url="http://localhost") as client:
            book(client, key)


def book(client: TestClient, key: str) -> None:
    """Call the app's own route, and two tools of slotmcp."""
    assert client.get("/about").json() == {"name": "Mile High Plumbing"}
    assert client.get("/booking/readyz").json()["status"] == "ready"
    search = {"from": "tomorrow", "limit": 2}
    refused = client.post("/booking/v1/tools/get_slots", json=search)
    assert refused.status_code == status.HTTP_401_UNAUTHORIZED, "a mounted app requires a key"

    client.headers["Authorization"] = f"Bearer {key}"
    slots = client.post("/booking/v1/tools/get_slots", json=search).json()["slots"]
    booked = client.post("/booking/v1/tools/book_slot", json={"start": slots[0]["start"], **CUSTOMER}).json()
    assert booked["booking"]["status"] == "confirmed"
    print(booked["result"])


def slotmcp(*arguments: str) -> str:
    """Run a command of slotmcp, and return its output."""
    command = [sys.executable, "-m", "slotmcp", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


main()
