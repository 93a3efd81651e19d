"""Bringing a file up to date: what stays is untouched, and what is added lets nobody through the gate."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.errors import BadFile
from conformance.files.formats import Formats
from conformance.results.verdict.waiver_update import HEAD, Update, update
from conformance.results.waivers.file import parse_entries, read_waivers
from conformance.spec import find
from tests.conformance.results.verdict.test_waiver_state import BLOCKED, FAIL, PASS, run, with_finding
from tests.examples import examples

if TYPE_CHECKING:
    from conformance.results.model import Outcome

FORM = Formats(find() / "formats")["waivers"]
FILE = Path("w.yaml")
TODAY = "2026-02-22"
TEXT = """\
# The head of the file

waivers:
  # about a
  - scenario: edit.a   # a word
    reason: >
      The old one
      # not a comment
      does so too.
    issue: '12'
    owner: alice
    expires: 2026-12-31

  # about b
  # in two lines
  - scenario: edit.b
    reason: "Known"
    issue: 13
    owner: bob
    expires: 2026-12-31
  # the end
"""
FIRST, SECOND = TEXT[: TEXT.index("\n  # about b")], TEXT[TEXT.index("\n  # about b") :]


def updated(text: str, results: dict[str, tuple[Outcome, ...]], today: str = TODAY) -> Update:
    return update(run(results), text, FILE, FORM, today)


def names(text: str) -> list[tuple[str, str]]:
    return [(one.scenario, one.reason) for one in parse_entries(text, FILE, FORM)[1]]


def test_a_file_that_fits_stays_as_it_is() -> None:
    assert updated(TEXT, {"edit.a": (FAIL,), "edit.b": (FAIL,)}) == Update(TEXT, (), ())


def test_what_was_not_judged_stays() -> None:
    assert updated(TEXT, {"edit.a": (BLOCKED,)}).text == TEXT


def test_what_passes_goes_with_the_comment_above_it_and_nothing_else() -> None:
    done = updated(TEXT, {"edit.a": (FAIL,), "edit.b": (PASS,)})
    assert done.text == FIRST + "\n  # the end\n"
    assert [one.entry.scenario for one in done.dropped] == ["edit.b"]
    done = updated(TEXT, {"edit.a": (PASS,), "edit.b": (FAIL,)})
    assert done.text == "# The head of the file\n\nwaivers:\n" + SECOND


def test_what_matches_nothing_goes() -> None:
    done = updated(TEXT.replace("edit.b", "edit.gone"), {"edit.a": (FAIL,)})
    assert names(done.text) == [("edit.a", "The old one # not a comment does so too.\n")]


def test_what_fails_is_added_for_a_person_to_finish(tmp_path: Path) -> None:
    done = updated(TEXT, {"edit.a": (FAIL,), "edit.b": (FAIL,), "edit.both": (FAIL,)})
    assert done.text.startswith(TEXT)
    assert names(done.text)[2:] == [("edit.both", "TODO")]
    (tmp_path / "w.yaml").write_text(done.text)
    with pytest.raises(BadFile, match="still to be written: `reason`, `issue`, `owner`, `expires`"):
        read_waivers(tmp_path / "w.yaml", FORM, date(2026, 2, 22))


def test_what_is_unfinished_is_not_added_twice() -> None:
    once = updated(HEAD, {"edit.a": (FAIL,)})
    assert names(once.text) == [("edit.a", "TODO")]
    assert updated(once.text, {"edit.a": (FAIL,)}).text == once.text


def test_a_should_rule_that_fails_needs_no_waiver() -> None:
    assert updated(HEAD, {"edit.should": (FAIL,)}).text == HEAD


def test_a_finding_is_added_by_its_rule() -> None:
    found = with_finding(run({"edit.a": (PASS,)}), "edit.a", "DROP-1")
    done = update(found, HEAD, FILE, FORM, TODAY)
    assert [(one.scenario, one.rule) for one in done.added] == [("*", "DROP-1")]
    assert "rule: DROP-1" in done.text


def test_a_glob_of_which_only_a_part_fails_becomes_that_part_with_its_reason() -> None:
    text = TEXT.replace("scenario: edit.b", "scenario: edit.*")
    done = updated(text, {"edit.a": (FAIL,), "edit.b": (FAIL,), "edit.both": (PASS,)})
    assert names(done.text) == [("edit.a", "The old one # not a comment does so too.\n"), ("edit.b", "Known")]
    assert done.added == ()


def test_an_expired_entry_is_left_for_its_owner() -> None:
    text = TEXT.replace("2026-12-31", "2026-01-01")
    assert updated(text, {"edit.a": (FAIL,), "edit.b": (FAIL,)}).text == text
    assert names(updated(text, {"edit.a": (FAIL,), "edit.b": (PASS,)}).text)[1:] == []


def test_the_end_of_a_text_that_looks_like_a_comment_is_none() -> None:
    rest = "    issue: 1\n    owner: o\n    expires: 2026-12-31\n    reason: |\n      known\n      # as text of "
    text = "waivers:\n" + "".join(f"  - scenario: edit.{name}\n{rest}{name}\n" for name in "ab")
    done = updated(text, {"edit.a": (FAIL,), "edit.b": (PASS,)})
    assert names(done.text) == [("edit.a", "known\n# as text of a\n")]


def test_a_list_may_become_empty_and_be_filled_again() -> None:
    empty = updated(TEXT, {"edit.a": (PASS,), "edit.b": (PASS,)}).text
    assert names(empty) == []
    assert empty.startswith("# The head of the file\n\nwaivers: []\n")
    assert names(updated(empty, {"edit.b": (FAIL,)}).text) == [("edit.b", "TODO")]


def test_entries_keep_the_indent_of_their_file() -> None:
    text = "".join(line.removeprefix("  ") + "\n" for line in TEXT.splitlines())
    done = updated(text, {"edit.a": (FAIL,), "edit.b": (PASS,), "edit.both": (FAIL,)})
    assert names(done.text) == [("edit.a", "The old one # not a comment does so too.\n"), ("edit.both", "TODO")]


def test_a_last_line_without_a_line_feed_gets_one() -> None:
    assert names(updated(TEXT[: TEXT.index("\n  # the end")], {"edit.both": (FAIL,)}).text)[2:] == [
        ("edit.both", "TODO")
    ]


@pytest.mark.parametrize(
    "text",
    [
        "waivers: [{scenario: edit.a, reason: r, issue: i, owner: o, expires: 2026-12-31}]\n",
        '{"waivers": []}\n',
        "waivers:\n  -\n    scenario: edit.a\n    reason: r\n    issue: i\n    owner: o\n    expires: 2026-12-31\n",
        TEXT + "...\n",
        TEXT.replace("\n    issue: '12'", "\n    issue: '12'\u2028"),
    ],
)
def test_a_layout_that_cannot_be_edited_is_refused_and_not_spoiled(text: str) -> None:
    with pytest.raises(BadFile, match=r"w\.yaml:?\d*: .*(lines? of its own|beginning of a line)"):
        updated(text, {"edit.a": (PASS,), "edit.both": (FAIL,)})


@settings(deadline=None, max_examples=examples(60))
@given(
    st.fixed_dictionaries(dict.fromkeys(("edit.a", "edit.b", "edit.both"), st.sampled_from([FAIL, PASS, BLOCKED]))),
    st.lists(st.sampled_from(["edit.a", "edit.b", "edit.*", "edit.both", "gone"]), unique=True),
    st.sampled_from(["", "\n", "  # a word\n", "# a word\n\n"]),
)
def test_what_comes_out_is_always_a_file_by_which_no_waiver_of_the_run_is_stale(
    outcomes: dict[str, Outcome], listed: list[str], between: str
) -> None:
    results = {name: (outcome,) for name, outcome in outcomes.items()}
    rest = "    reason: r\n    issue: i\n    owner: o\n    expires: 2026-12-31\n"
    entries = (f"  - scenario: {name!r}\n{rest}" for name in listed)
    text = "waivers:\n" + between + between.join(entries) if listed else HEAD
    done = updated(text, results)
    again = updated(done.text, results)
    assert again == Update(done.text, (), ())
    covered = {one.scenario for one in parse_entries(done.text, FILE, FORM)[1]}
    failing = {name for name, outcome in outcomes.items() if outcome is FAIL}
    assert failing <= covered or "edit.*" in covered
