"""The lower bound: a bare WebSocket client sends the frames of a recorded result, and reads as many as it received.

Ids differ from run to run, so each id of the recording is replaced by the id that the server gives this time.
Ambient frames are read past. Nothing is parsed beyond that, checked, or kept.
"""

from __future__ import annotations

import asyncio
import json
import re
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from websockets.asyncio.client import ClientConnection, connect

from conformance.target.accounts import Room, Wanted

if TYPE_CHECKING:
    from conformance.results.model import Result
    from conformance.scenario.model import Scenario
    from conformance.target import Target
    from conformance.target.accounts import Provisioner

_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def replay(scenario: Scenario, recorded: Result, target: Target, provisioner: Provisioner) -> int:
    """Replay one recorded result; gives the number of frames sent and received."""
    ids: dict[str, str] = {}
    names = {name: was for was, name in recorded.names.items()}
    rooms = {
        name: Room(wanted.visibility, {user: role for user, role in wanted.members.items() if role != "outsider"})
        for name, wanted in scenario.given.conversations.items()
    }
    lease = await provisioner.lease(Wanted(tuple(scenario.given.users), rooms))
    ids |= {names[user]: account.id for user, account in lease.accounts.items()}
    ids |= {names[name]: made for name, made in lease.conversations.items()}
    frames = 0
    async with AsyncExitStack() as stack:
        sockets: dict[str, ClientConnection] = {}
        for entry in recorded.transcript:
            if entry.text.startswith("connected"):
                user = entry.who.partition("@")[0]
                token = lease.token(user)
                url = f"{target.instances[0]}?token={token}"
                opening = connect(url, compression=None, ping_interval=None, max_queue=None, proxy=None)
                sockets[entry.who] = await stack.enter_async_context(opening)
            elif entry.way == "→" and entry.frame is not None:
                await sockets[entry.who].send(_replaced(json.dumps(entry.frame), ids))
                frames += 1
            elif entry.way == "←" and entry.frame is not None and entry.frame["type"] not in target.ambient:
                received = await _next(sockets[entry.who], target)
                ids |= dict(zip(_ID.findall(json.dumps(entry.frame)), _ID.findall(received), strict=False))
                frames += 1
    return frames


async def _next(socket: ClientConnection, target: Target) -> str:
    while True:
        received = str(await asyncio.wait_for(socket.recv(), target.reply))
        if not any(kind in received for kind in target.ambient):
            return received


def _replaced(text: str, ids: dict[str, str]) -> str:
    return _ID.sub(lambda found: ids.get(found[0], found[0]), text)
