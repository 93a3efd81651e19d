"""What a handshake holds (what the target file says, in its place what the scenario says), and when it is repeated."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.engine.context.joining import _complete
from conformance.target.access.model import Access
from conformance.target.auth import Carried
from conformance.wire.handshake import Handshake
from conformance.wire.handshake_errors import Refused
from conformance.wire.open_connection import open_connection
from tests.conformance.run_contexts import Author, messages, toy_runner

if TYPE_CHECKING:
    from conformance.spec import Spec
    from conformance.wire.connection import Connection

ACCESS = Access({"X-Api-Key": "k", "Cookie": "a=1", "Origin": "https://app.example"}, ("chat.v1",))
CARRIED = Carried(headers={"Authorization": "Bearer a.b.c"}, subprotocols=("bearer.a.b.c",))


def test_holds_what_the_target_file_says() -> None:
    made = _complete(Handshake(compression=True), ACCESS, CARRIED, small_buffers=True)
    assert made == Handshake(
        origin="https://app.example",
        headers={"X-Api-Key": "k", "Cookie": "a=1", "Authorization": "Bearer a.b.c"},
        compression=True,
        subprotocols=("chat.v1", "bearer.a.b.c"),
        small_buffers=True,
    )


def test_what_the_scenario_says_comes_first() -> None:
    said = Handshake("https://evil.example", {"cookie": "b=2", "authorization": "Basic x"})
    made = _complete(said, ACCESS, CARRIED, small_buffers=False)
    assert made.origin == "https://evil.example"
    assert made.headers == {"X-Api-Key": "k", "cookie": "b=2", "authorization": "Basic x"}


@pytest.mark.parametrize(("times", "said"), [(2, []), (3, ["bob was refused: HTTP 408"])])
async def test_a_request_that_came_too_late_is_sent_again_a_few_times(
    spec: Spec, scenario: Author, monkeypatch: pytest.MonkeyPatch, times: int, said: list[str]
) -> None:
    left = times

    async def open_late(who: str, *given: Any, **named: Any) -> Connection | Refused:
        nonlocal left
        if who != "bob" or not left:
            return await open_connection(who, *given, **named)
        left -= 1
        return Refused(408, "HTTP 408", late=True)

    async with toy_runner(spec) as runner:
        monkeypatch.setattr("conformance.engine.context.joining.open_connection", open_late)
        result = await runner.run_scenario(scenario("steps: [{sync: [bob]}]"))
    assert messages(result) == said
