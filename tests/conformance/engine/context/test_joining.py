"""What a handshake holds: what the target file says, and in its place what the scenario says."""

from __future__ import annotations

from conformance.engine.context.joining import _complete
from conformance.target.access.model import Access
from conformance.target.auth import Carried
from conformance.wire.handshake import Handshake

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
