"""Types that a server does not know are recognised in whatever words it says so; types that it knows never are."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from reference_server.earlier.acknowledge_everything import ACTIONS, acknowledging
from tests.conformance.run_contexts import run_context_at
from tests.doubles.listening import listening

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

    from conformance.spec import Spec

KNOWN = frozenset({"Ping", *ACTIONS})
GREETING = {"type": "ActionConfirmed", "action": "connected", "success": True}

Refuse = Callable[[dict[str, Any], str], dict[str, Any]]
"""Gives the Error for a request that is `unknown`, `bad` (a field is missing) or `absent` (it names nothing)."""


def by_code(request: dict[str, Any], why: str) -> dict[str, Any]:
    return {"code": {"unknown": "unknown_type", "bad": "bad_request", "absent": "not_found"}[why], "message": "No."}


def by_words_with_a_trace(request: dict[str, Any], why: str) -> dict[str, Any]:
    said = {"unknown": f"type {request['type']} inconnu", "bad": "champ absent", "absent": "introuvable"}[why]
    return {"message": f"{said} (trace {uuid.uuid4()}, {len(request['type'])})"}


def one_code_for_what_is_not_found(request: dict[str, Any], why: str) -> dict[str, Any]:
    return {"code": "invalid" if why == "bad" else "not_found", "message": "Non."}


def one_code_for_what_is_not_valid(request: dict[str, Any], why: str) -> dict[str, Any]:
    return {"code": "not_found" if why == "absent" else "invalid", "message": "Non."}


def one_answer_for_everything(request: dict[str, Any], why: str) -> dict[str, Any]:
    return {"message": "Request refused."}


def server(spec: Spec, known: frozenset[str], refuse: Refuse) -> Any:
    """Give a server that knows these types: it confirms some, but not for the conversations of the spec's examples."""
    absent = {message.schema["examples"][0].get("conversation_id") for message in spec.incoming.values()}

    async def talk(socket: ServerConnection) -> None:
        await socket.send(json.dumps(GREETING))
        async for text in socket:
            request = json.loads(text)
            kind = request["type"]
            if kind == "Ping":
                answer = {"type": "Pong"}
            elif kind not in known:
                answer = {"type": "Error", **refuse(request, "unknown")}
            elif len(request) == 1:
                answer = {"type": "Error", **refuse(request, "bad")}
            elif kind in ACTIONS and request["conversation_id"] not in absent:
                answer = {"type": "ActionConfirmed", "action": ACTIONS[kind], "success": True}
            else:
                answer = {"type": "Error", **refuse(request, "absent")}
            await socket.send(json.dumps(answer))

    return listening(talk)


async def unknown(spec: Spec, known: frozenset[str], refuse: Refuse) -> set[str]:
    async with server(spec, known, refuse) as url:
        return set((await run_context_at(spec, url, reply=0.5)).calibration.unknown_types)


@pytest.mark.parametrize("refuse", [by_code, by_words_with_a_trace, one_code_for_what_is_not_valid])
async def test_a_type_that_is_answered_as_no_type_is_unknown(spec: Spec, refuse: Refuse) -> None:
    assert await unknown(spec, KNOWN, refuse) == spec.incoming.keys() - KNOWN


@pytest.mark.parametrize(
    "refuse",
    [
        by_code,
        by_words_with_a_trace,
        one_code_for_what_is_not_found,
        one_code_for_what_is_not_valid,
    ],
)
async def test_a_server_that_has_everything_knows_every_type(spec: Spec, refuse: Refuse) -> None:
    assert await unknown(spec, frozenset(spec.incoming), refuse) == set()


async def test_where_all_errors_are_alike_a_type_is_unknown_of_which_nothing_comes(spec: Spec) -> None:
    of_calls = {"CallOffer", "CallAnswer", "ICECandidate", "CallHangup", "CallReject"}
    assert await unknown(spec, frozenset(spec.incoming), one_answer_for_everything) == {"Typing", *of_calls}


async def test_the_rust_server_of_2025_knows_five(spec: Spec) -> None:
    async with acknowledging() as url:
        found = (await run_context_at(spec, url, reply=0.5)).calibration.unknown_types
    assert set(found) == spec.incoming.keys() - KNOWN
