from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.compare import Alignment, align, compare
from conformance.compare.align import MOST_LINES
from conformance.results.model import Entry, Outcome
from tests.conformance.report import toys

if TYPE_CHECKING:
    from conformance.results.runlog import Run

SCENARIO = toys.scenario("edit.no", ("EDIT-2",))
HEADER = toys.header((toys.rule("EDIT-2"),), (SCENARIO,))
OTHER = "0b9c0000-0000-4000-8000-000000000002"
UNNAMED = "0b9c0000-0000-4000-8000-00000000000f"


def entry(who: str, way: str, frame: dict[str, Any] | None = None, text: str = "", at: float = 0.0) -> Entry:
    return Entry(at, who, way, frame, text)


def run_of(*entries: Entry, message: str = toys.MESSAGE, **more: Any) -> Run:
    result = toys.result(SCENARIO, transcript=entries, names={message: "message"}, **more)
    return toys.run(HEADER, result)


def aligned(old: Run, new: Run) -> Alignment:
    return align(compare(old, new), "edit.no")


def lines(old: Run, new: Run, who: str = "alice") -> list[tuple[str | None, str | None, bool]]:
    [client] = [one for one in aligned(old, new).clients if one.who == who]
    return [(one.old, one.new, one.same) for one in client.lines]


def test_ids_times_and_the_order_of_keys_make_no_difference() -> None:
    first = {"kind": "Edited", "id": toys.MESSAGE, "by": UNNAMED, "at": "2026-02-22T20:49:32Z"}
    second = {"at": "2026-02-22T20:50:01.25+01:00", "by": OTHER[:-1] + "e", "id": OTHER, "kind": "Edited"}
    old, new = entry("alice", "←", first, at=3), entry("alice", "←", second, at=4)
    new = entry(
        "alice", "←", {"at": "2026-02-22T20:50:01.25+01:00", "by": OTHER[:-1] + "e", "id": OTHER, "kind": "Edited"}
    )
    text = "← Edited  {at: ⟨time⟩, by: ⟨id⟩, id: ⟨message⟩}"
    assert lines(run_of(old), run_of(new, message=OTHER)) == [(text, text, True)]


def test_another_value_is_a_difference_on_one_line() -> None:
    old, new = (
        entry("alice", "←", {"kind": "Edited", "text": "a"}),
        entry("alice", "←", {"kind": "Edited", "text": "b"}),
    )
    assert lines(run_of(old), run_of(new)) == [('← Edited  {text: "a"}', '← Edited  {text: "b"}', False)]


def test_a_text_that_looks_like_a_name_is_not_the_id() -> None:
    old, new = entry("alice", "←", {"id": toys.MESSAGE}), entry("alice", "←", {"id": "message"})
    assert lines(run_of(old), run_of(new)) == [("← {id: ⟨message⟩}", '← {id: "message"}', False)]


def test_a_difference_behind_what_is_shown_is_still_one() -> None:
    old, new = entry("alice", "←", {"text": "x" * 500 + "a"}), entry("alice", "←", {"text": "x" * 500 + "b"})
    [(_, _, same)] = lines(run_of(old), run_of(new))
    assert not same


def test_what_only_one_side_has_stands_alone_between_its_neighbours() -> None:
    first, extra, last = (entry("alice", "←", {"kind": kind}) for kind in ("First", "Extra", "Last"))
    assert lines(run_of(first, last), run_of(first, extra, last)) == [
        ("← First  {}", "← First  {}", True),
        (None, "← Extra  {}", False),
        ("← Last  {}", "← Last  {}", True),
    ]


def test_clients_are_aligned_one_by_one_because_nothing_orders_them() -> None:
    alice, bob = entry("alice", "←", {"kind": "Edited"}), entry("bob", "←", {"kind": "Edited"})
    found = aligned(run_of(alice, bob), run_of(bob, alice))
    assert [(client.who, [line.same for line in client.lines]) for client in found.clients] == [
        ("alice", [True]),
        ("bob", [True]),
    ]


def test_of_several_attempts_the_one_that_ended_as_the_scenario_did_is_shown() -> None:
    passed, failed = (entry("alice", "·", text=text) for text in ("it passed", "it failed"))
    results = (
        toys.result(SCENARIO, transcript=(passed,)),
        toys.result(SCENARIO, Outcome.FAIL, transcript=(failed,), attempt=2),
    )
    assert lines(toys.run(HEADER, *results), run_of(passed)) == [("· it failed", "· it passed", False)]


def test_a_side_without_a_transcript_says_how_to_keep_one() -> None:
    found = aligned(run_of(), run_of(entry("alice", "·", text="connected")))
    assert found.why == "OLD kept no transcript of it: `chat-parity run … --trace all` keeps them"
    assert found.clients == ()
    not_run = toys.run(HEADER)
    assert aligned(not_run, not_run).why.startswith("OLD and NEW kept no transcript")


def test_a_scenario_that_neither_has_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        align(compare(run_of(), run_of()), "edit.other")


def test_a_flood_is_cut_and_counted() -> None:
    many = [entry("alice", "←", {"kind": "Edited"})] * (MOST_LINES + 3)
    [client] = aligned(run_of(*many), run_of(*many[:5])).clients
    assert (len(client.lines), client.left_out) == (MOST_LINES, 3)


def test_what_a_server_sent_stays_on_its_line() -> None:
    hostile = entry("alice", "←", {"kind": "Ed\nited", "\x1b[31m": "\u202eevil\n"}, text="")
    [(shown, _, _)] = lines(run_of(hostile), run_of(hostile))
    assert shown is not None
    assert shown.isprintable()
