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


Say = Callable[[dict[str, Any]], str | None]
"""Gives what a server says to a request of a type that it does not know, if anything; else see `Refuse`."""


def _frame(**fields: Any) -> str:
    return json.dumps(fields)


SAYINGS: dict[str, Say] = {
    "nothing": lambda _: None,
    "a text": lambda _: "what?",
    "another envelope": lambda request: _frame(ok=False, error={"code": 404, "what": request["type"]}),
    "a type of its own": lambda request: _frame(type="Unknown", original=request["type"]),
    "no success": lambda request: _frame(type="ActionConfirmed", action=request["type"], success=False),
    "success": lambda _: _frame(type="ActionConfirmed", action="ok", success=True),
    "a pong": lambda _: _frame(type="Pong"),
    "the request": json.dumps,
    "an error with the request": lambda request: _frame(type="Error", message="no", request=request),
    "an error with its text": lambda request: _frame(type="Error", message="no: " + json.dumps(request)),
    "another error each time": lambda request: _frame(
        type="Error", message=f"no {request['type']}", code=str(uuid.uuid4())
    ),
}


def server(
    spec: Spec, known: frozenset[str], refuse: Refuse, say: Say | None = None, late: list[str] | None = None
) -> Any:
    """Give a server that knows these types: it confirms some, but not for the conversations of the spec's examples."""
    absent = {message.schema["examples"][0].get("conversation_id") for message in spec.incoming.values()}

    async def talk(socket: ServerConnection) -> None:
        await socket.send(json.dumps(GREETING))
        async for text in socket:
            request = json.loads(text)
            kind = request["type"]
            if kind == "Ping":
                answer = {"type": "Pong"}
            elif kind not in known and say:
                if said := say(request):
                    await socket.send(said)
                continue
            elif kind not in known:
                answer = {"type": "Error", **refuse(request, "unknown")}
            elif len(request) == 1:
                answer = {"type": "Error", **refuse(request, "bad")}
            elif kind in ACTIONS and request["conversation_id"] not in absent:
                answer = {"type": "ActionConfirmed", "action": ACTIONS[kind], "success": True}
            else:
                answer = {"type": "Error", **refuse(request, "absent")}
            await socket.send(json.dumps(answer))
            while late:
                await socket.send(late.pop())

    return listening(talk)


async def unknown(spec: Spec, known: frozenset[str], refuse: Refuse, say: Say | None = None) -> set[str]:
    async with server(spec, known, refuse, say) as url:
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


@pytest.mark.parametrize("saying", SAYINGS)
async def test_a_join_that_is_answered_as_no_type_is_unknown(spec: Spec, saying: str) -> None:
    found = await unknown(spec, KNOWN - {"JoinConversation"}, by_words_with_a_trace, SAYINGS[saying])
    silent = {"Typing", "ICECandidate"} if saying == "nothing" else set()  # whoever knows them is silent as well
    assert found == spec.incoming.keys() - (KNOWN - {"JoinConversation"}) - silent


async def test_a_join_is_unknown_even_where_all_errors_are_alike(spec: Spec) -> None:
    assert await unknown(spec, KNOWN - {"JoinConversation"}, one_answer_for_everything) == {"JoinConversation"}


async def test_an_answer_may_come_after_that_to_the_next_request(spec: Spec) -> None:
    def belated(request: dict[str, Any]) -> None:
        late.append(_frame(type="Error", message=f"no {request['type']}"))

    late: list[str] = []
    async with server(spec, KNOWN - {"JoinConversation"}, by_code, belated, late) as url:
        found = set((await run_context_at(spec, url, reply=0.5)).calibration.unknown_types)
    assert found == spec.incoming.keys() - (KNOWN - {"JoinConversation"})


async def test_where_all_errors_are_alike_a_type_is_unknown_of_which_nothing_comes(spec: Spec) -> None:
    of_calls = {"CallOffer", "CallAnswer", "ICECandidate", "CallHangup", "CallReject"}
    assert await unknown(spec, frozenset(spec.incoming), one_answer_for_everything) == {"Typing", *of_calls}


async def test_the_rust_server_of_2025_knows_five(spec: Spec) -> None:
    async with acknowledging() as url:
        found = (await run_context_at(spec, url, reply=0.5)).calibration.unknown_types
    assert set(found) == spec.incoming.keys() - KNOWN
