from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

import pytest

from conformance.target.embedded import embedded
from reference_server.__main__ import main as sound
from tests.forked import forked
from tests.proxy import frames
from tests.proxy.examine import chosen, examine, good
from tests.proxy.frames import CLOSE, PING, PONG, TEXT, WireFrame
from tests.proxy.proxy import Link
from tests.proxy.registry import WireFault, all_wire_faults, find_wire_faults, wire_fault
from tests.proxy.rules import EVERY, Rules, drop, events, every, later, requests, swapped, to_everybody, twice

if TYPE_CHECKING:
    from conformance.spec import Spec
    from tests.proxy.rules import Frame

pytestmark = pytest.mark.end_to_end

FAULTS = list(all_wire_faults().values())
MOST_LINES = 15
GREETING = {"type": "ActionConfirmed", "action": "connected", "success": True}
ENOUGH = 3
"""How often a frame comes, so that a fault of every third one shows."""


class Client:
    """Stands for the writer to a client, and keeps what is written."""

    def __init__(self, rules: Rules, links: set[Link]) -> None:
        self.written = b""
        self.link = Link(rules, self, links)  # type: ignore[arg-type]
        links.add(self.link)

    def is_closing(self) -> bool:
        return False

    def write(self, data: bytes) -> None:
        self.written += data

    def gets(self, *sent: bytes) -> list[bytes]:
        """Let the server send, and give the payloads that come."""
        for payload in sent:
            self.link.event(wire(payload))
        return [one.payload for one in asyncio.run(_all(self.written))]


async def _all(data: bytes) -> list[WireFrame]:
    reader = asyncio.StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    found = []
    while not reader.at_eof():
        found.append(await frames.read(reader))
    return found


def wire(payload: bytes, opcode: int = TEXT, *, masked: bool = False) -> WireFrame:
    return asyncio.run(_all(frames.write(opcode, payload, masked=masked)))[0]


def text(frame: Frame | str) -> bytes:
    return json.dumps(frame).encode()


class TestEveryWireFault:
    @pytest.fixture(params=FAULTS, ids=[one.name for one in FAULTS])
    def fault(self, request: pytest.FixtureRequest) -> WireFault:
        return request.param

    def test_breaks_rules_that_exist_or_is_legal(self, fault: WireFault, spec: Spec):
        assert set(fault.breaks) <= spec.rules.keys()
        assert fault.legal == (fault.rules.__module__ == "tests.proxy.varying")

    def test_is_small_and_says_what_it_does(self, fault: WireFault):
        assert fault.lines <= MOST_LINES
        assert fault.sentence.endswith(".")

    def test_names_types_that_exist(self, fault: WireFault, spec: Spec):
        assert fault.rules().events.keys() <= {*spec.outgoing, EVERY}
        assert fault.rules().requests.keys() <= {*spec.incoming, EVERY}

    async def test_changes_frames_of_its_types_and_no_others(self, fault: WireFault, spec: Spec):
        changed = {kind for kind, one in spec.outgoing.items() if _is_changed(fault, one.schema["examples"])}
        named = fault.rules().events.keys()
        if fault.rules().cut:
            assert changed == set(spec.outgoing)
        elif EVERY in named:
            assert changed
        else:
            assert changed <= named
            assert bool(changed) == bool(named)

    async def test_changes_requests_of_its_types_and_no_others(self, fault: WireFault, spec: Spec):
        link = Client(fault.rules(), set()).link
        changed = set()
        for kind, one in spec.incoming.items():
            for example in [*one.schema["examples"], {**one.schema["examples"][0], "content": "a\r\n", "emoji": "❤️"}]:
                sent = await _frame(text(example), masked=True)
                if await _requested(link, sent) != [example]:
                    changed.add(kind)
        assert changed <= fault.rules().requests.keys()
        assert bool(changed) == bool(fault.rules().requests)


def _is_changed(fault: WireFault, examples: list[Frame]) -> bool:
    for example in [*examples, *([GREETING] if examples[0]["type"] == "ActionConfirmed" else [])]:
        links: set[Link] = set()
        client, other = Client(fault.rules(), links), Client(fault.rules(), links)
        raw = frames.write(TEXT, text(example | {"has_more": False} if "has_more" in example else example))
        for _ in range(ENOUGH):
            client.link.event(WireFrame(0x80 | TEXT, raw[raw.index(b"{") :], raw))
        if client.written != raw * ENOUGH or other.written:
            return True
    return False


async def _frame(payload: bytes, *, masked: bool = False) -> WireFrame:
    return (await _all(frames.write(TEXT, payload, masked=masked)))[0]


async def _requested(link: Link, sent: WireFrame) -> list[Frame]:
    return [json.loads(one.payload) for one in await _all(link.request(sent))]


class TestFrames:
    @pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
    @pytest.mark.parametrize("masked", [True, False])
    def test_are_read_as_they_were_written(self, size: int, masked: bool):
        found = wire(b"x" * size, PING, masked=masked)
        assert (found.opcode, found.final, found.payload) == (PING, True, b"x" * size)
        assert found.raw == frames.write(PING, b"x" * size, masked=masked)

    def test_of_a_client_are_unmasked(self):
        masked = bytes([0x81, 0x85, 1, 2, 3, 4]) + bytes(a ^ b for a, b in zip(b"Hello", b"\1\2\3\4\1", strict=True))
        assert asyncio.run(_all(masked))[0].payload == b"Hello"


class TestRules:
    def test_drop_repeat_and_count(self):
        assert Client(events("a", drop), set()).gets(text({"type": "a"}), text({"type": "b"})) == [text({"type": "b"})]
        assert len(Client(events("a", twice), set()).gets(text({"type": "a"}))) == 2
        some = Client(events("a", every(2, drop)), set()).gets(*[text({"type": "a", "n": n}) for n in range(4)])
        assert [json.loads(one)["n"] for one in some] == [0, 2]

    def test_send_to_others(self):
        links: set[Link] = set()
        one, other = Client(events("a", to_everybody), links), Client(Rules(), links)
        assert one.gets(text({"type": "a"})) == other.gets() == [b'{"type":"a"}']

    async def test_delay_and_swap(self):
        slow = Client(events("a", later(0.01)) + events("b", swapped(0.01)), set())
        for frame in ({"type": "a"}, {"type": "b", "n": 1}, {"type": "b", "n": 2}, {"type": "b", "n": 3}):
            slow.link.event(await _frame(text(frame)))
        assert [json.loads(one.payload).get("n") for one in await _all(slow.written)] == [2, 1]
        await asyncio.sleep(0.03)
        assert [json.loads(one.payload).get("n") for one in await _all(slow.written)] == [2, 1, None, 3]

    def test_leave_alone_what_is_no_message(self):
        odd = [b"", b"[]", b"{", b'{"type":5}', b"[" * 100_000]
        assert Client(events(EVERY, drop), set()).gets(*odd) == odd

    def test_of_control_frames_and_of_requests(self):
        client = Client(all_wire_faults()["every_close_is_normal"].rules(), set())
        client.link.event(wire(b"\x03\xe9bye", CLOSE))
        client.link.event(wire(b"still", PONG))
        assert [one.payload for one in asyncio.run(_all(client.written))] == [b"\x03\xe8bye", b"still"]
        assert Client(requests("a", drop), set()).link.request(wire(text({"type": "a"}), masked=True)) == b""


class TestTheRegistry:
    def test_has_no_two_wire_faults_of_one_name(self):
        with pytest.raises(ValueError, match="two wire faults pong_twice"):
            wire_fault(breaks=[])(all_wire_faults()["pong_twice"].rules)

    def test_finds_wire_faults_by_name_and_by_rule(self):
        for pattern in ("pong_twice", "pong*", "PING-1"):
            assert "pong_twice" in {one.name for one in find_wire_faults([pattern])}
        with pytest.raises(LookupError, match="'nobody'"):
            find_wire_faults(["nobody"])

    def test_chooses_what_proves_a_broken_rule_and_the_quick_first(self, whole_spec: Spec):
        found = chosen(all_wire_faults()["drop_typing"], whole_spec, 5, 0)
        assert all("TYPE-1" in one.rules for one in found)
        slow = ["slow" in one.tags or one.exclusive for one in found]
        assert slow == sorted(slow)
        assert len(chosen(all_wire_faults()["nothing_changed"], whole_spec, 5, 0)) == 5


@pytest.mark.nightly
async def test_the_clean_proxy_is_transparent_and_two_wrongs_are_caught(whole_spec: Spec):
    async with embedded(whole_spec, forked(sound)) as (target, _):
        for name in ("nothing_changed", "duplicate_new_message", "every_close_is_normal"):
            fault = all_wire_faults()[name]
            found = await examine(fault, whole_spec, target)
            assert good(fault, found), found
