"""Who may not approve is refused over the real socket, and nothing changes."""

from __future__ import annotations

import asyncio
import json

import aiohttp

from mcsyncd.model.session import State


async def post_approval(socket: str, session: str, revision: int) -> tuple[int, dict]:
    async with (
        aiohttp.ClientSession(connector=aiohttp.UnixConnector(path=socket)) as http,
        http.post(
            f"http://mcsyncd/v1/sessions/{session}/decisions",
            json={"action": "approve"},
            headers={"If-Match": str(revision)},
        ) as response,
    ):
        return response.status, await response.json()


def test_an_approval_by_somebody_who_may_not_approve_changes_nothing(line, shoot):
    line.configure(users="a.supervisor")
    line.start()
    line.drop_in(shoot.files)
    reviewed = line.wait_for("in_review")
    socket = str(line.home / "var" / "api.sock")
    status, problem = asyncio.run(post_approval(socket, reviewed["id"], reviewed["revision"]))
    assert status == 403
    assert "may not" in problem["message"]
    assert "a.supervisor" in problem["hint"]
    refused = line.ask("approve", reviewed["id"], "--revision", str(reviewed["revision"]), check=False)
    assert refused.returncode == 5
    after = line.session()
    assert (after["state"], after["revision"], after["approved_by"]) == (State.IN_REVIEW, 1, None)
    assert "session_approved" not in {entry["kind"] for entry in map(json.loads, log_lines(line))}


def log_lines(line) -> list[str]:
    return line.ask("log", "--json").stdout.splitlines()
