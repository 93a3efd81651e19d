"""Reading files of waivers: what they may say, and one clear line for each way in which they are wrong."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.errors import BadFile
from conformance.files.formats import Formats
from conformance.results.waivers.file import read_waivers
from conformance.spec import find
from tests.examples import examples

if TYPE_CHECKING:
    from pathlib import Path

FORM = Formats(find() / "formats")["waivers"]
TODAY = date(2026, 2, 22)
GOOD = """\
# Known failures of the old server
waivers:
  - scenario: edit.a
    reason: The old one does so too.
    issue: 12
    owner: alice
    expires: 2026-12-31
  - {scenario: "*", rule: CONN-5, reason: No zones, issue: https://example.com/1, owner: bob, expires: 2026-03-01}
"""


def entry(**changes: str | None) -> str:
    """One entry, some of its lines replaced or (None) left out."""
    fields = {"scenario": "edit.a", "reason": "Known", "issue": "12", "owner": "alice", "expires": "2026-12-31"}
    lines = [f"{key}: {value}" for key, value in (fields | changes).items() if value is not None]
    return "waivers:\n  - " + "\n    ".join(lines) + "\n"


def read(folder: Path, text: str | bytes) -> list[str]:
    """The mistakes of a file, without its name; none: it is good."""
    file = folder / "w.yaml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    try:
        read_waivers(file, FORM, TODAY)
    except BadFile as error:
        mistakes = error.mistakes
    else:
        return []
    assert {mistake.file for mistake in mistakes} == {file}
    assert all("\n" not in str(mistake) for mistake in mistakes)
    return [f"{mistake.line}: {mistake.message}" for mistake in mistakes]


def test_says_what_each_entry_says_and_where_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "w.yaml"
    file.write_text(GOOD)
    found = read_waivers(file, FORM, TODAY)
    assert (found.file, found.today) == (str(file), "2026-02-22")
    assert [(one.scenario, one.rule, one.issue, one.expires, one.line) for one in found.entries] == [
        ("edit.a", "", "12", "2026-12-31", 3),
        ("*", "CONN-5", "https://example.com/1", "2026-03-01", 8),
    ]


@pytest.mark.parametrize(
    "text",
    [
        GOOD,
        "waivers: []\n",
        entry(scenario='"edit.a[one-less]"'),
        entry(scenario="edit.*"),
        entry(flaky="true"),
        entry(rule="EDIT-2s"),
        entry(expires='"2020-02-29"'),
        GOOD.replace("\n", "\r\n"),
        '{"waivers": []}',
    ],
)
def test_takes_a_good_file(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) == []


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("", "0: the file is empty"),
        ("waivers:\n", "1: `waivers`: null should be a list"),
        ("- edit.a\n", '1: ["edit.a"] should be a mapping'),
        ("waiver: []\n", "1: there is no key 'waiver' here; did you mean 'waivers'?"),
        ("waivers: []\nwaivers: []\n", "2: the key 'waivers' is here twice"),
        ("waivers: {}\n", "1: `waivers`: {} should be a list"),
        ("waivers: [edit.a]\n", '1: `waivers`, item 1: "edit.a" should be a mapping'),
        (entry(reason=None), "2: `reason` is missing here"),
        (entry(issue=None), "2: `issue` is missing here"),
        (entry(owner=None), "2: `owner` is missing here"),
        (entry(expires=None), "2: `expires` is missing here"),
        (entry(scenario=None, reason="x"), "2: `scenario` is missing here"),
        (entry(reason='""'), "3: `reason`: this should not be empty"),
        (entry(reason='" "'), "2: still to be written: `reason`"),
        (entry(reason="TODO"), "2: still to be written: `reason`"),
        (entry(owner='"todo: ask"'), "2: still to be written: `owner`"),
        (entry(expires="TODO", issue="TODO"), "2: still to be written: `issue`, `expires`"),
        (entry(expires="31.12.2026"), '6: `expires`: "31.12.2026" does not look as it should: The last day'),
        (entry(expires="2026-13-01"), "6: `expires`: there is no day 2026-13-01; write it like 2026-12-31"),
        (entry(expires="2026-02-30"), "6: `expires`: there is no day 2026-02-30; write it like 2026-12-31"),
        (entry(expires="0000-00-00"), "6: `expires`: there is no day 0000-00-00; write it like 2026-12-31"),
        (entry(expires="20261231"), "6: `expires`: 20261231 should be a text"),
        (entry(expires="2026-12-31T00:00:00Z"), "6: `expires`: "),
        (entry(expires="never"), '6: `expires`: "never" does not look as it should'),
        (entry(owner="[alice, bob]"), '5: `owner`: ["alice", "bob"] should be a text'),
        (entry(issue="true"), "4: `issue`: true should be a text or a whole number"),
        (entry(scenario='"edit a"'), '2: `scenario`: "edit a" does not look as it should'),
        (entry(scenario="12"), "2: `scenario`: 12 should be a text"),
        (entry(rule="edit-2"), '7: `rule`: "edit-2" does not look as it should'),
        (entry(flaky="maybe"), '7: `flaky`: "maybe" should be true or false'),
        (entry(scenario="edit.*", flaky="true"), "7: `flaky` is about one scenario, and this is a glob"),
        (entry(expire="2026-12-31"), "7: there is no key 'expire' here; did you mean 'expires'?"),
        (GOOD + entry()[9:], "9: the entry of edit.a is in line 3, too; keep one"),
        (entry(reason="*anchor"), "3: "),
        (entry(reason="!!python/object:os.system x"), "3: the tag !!python/object:os.system is not allowed here"),
        ("waivers: [\n", "2: this is not YAML"),
        ("waivers:\n\t- scenario: a\n", "2: this is not YAML"),
        ("[" * 100 + "]" * 100, "1: this is nested more than 60 deep"),
        (b"waivers: [\xff]\n", "1: this is not UTF-8 text"),
        (b"waivers: [\x00]\n", "1: this is not YAML"),
        ("x" * ((1 << 20) + 1), "0: the file is larger than 1,048,576 bytes"),
        ("---\nwaivers: []\n---\nwaivers: []\n", "3: a second document begins here"),
        (entry(issue="1" * 5000), "4: "),
    ],
)
def test_says_in_one_line_what_is_wrong_and_where(tmp_path: Path, text: str | bytes, mistake: str) -> None:
    assert read(tmp_path, text)[0].startswith(mistake)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"w\.yaml: there is no such file"):
        read_waivers(tmp_path / "w.yaml", FORM, TODAY)


@settings(deadline=None, max_examples=examples(150))
@given(st.data())
def test_whatever_is_cut_or_put_into_a_good_file_it_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, len(GOOD)))
    end = data.draw(st.integers(start, min(start + 20, len(GOOD))))
    put = data.draw(st.text(st.sampled_from("\n :-[]{}\"'#&*!|>%@`,?aT0\t\x00é"), max_size=4))
    read(tmp_path_factory.mktemp("w"), f"{GOOD[:start]}{put}{GOOD[end:]}")
