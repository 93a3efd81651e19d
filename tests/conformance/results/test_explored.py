"""`explored.jsonl`: what is written is read back, and a damaged file is refused in one line."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.errors import BadFile
from conformance.results import explored as subject
from conformance.results.explored import Client, Exploration, SideLine, read_explored
from tests.conformance.report.hostile import texts
from tests.conformance.results.explored import exploration, found

if TYPE_CHECKING:
    from pathlib import Path

sides = st.builds(SideLine, st.none() | texts, st.none() | texts)
clients = st.builds(Client, texts, st.lists(sides, max_size=3).map(tuple), st.none() | st.integers(0, 3))
findings = st.builds(
    lambda name, said, some, known: found(name, explanation=said, clients=tuple(some), known=known),
    st.text("0123456789abcdef", min_size=8, max_size=8),
    texts,
    st.lists(clients, max_size=2),
    texts,
)


def written(folder: Path, *lines: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "explored.jsonl").write_text(
        "".join(f"{one}\n" for one in lines), encoding="utf-8", errors="surrogatepass"
    )
    return folder


@settings(max_examples=30)
@given(st.lists(findings, max_size=3, unique_by=lambda one: one.id), texts)
def test_what_is_written_is_read_back(tmp_path_factory: pytest.TempPathFactory, some: list, name: str) -> None:
    one = exploration(*some, target=name)
    lines = [line.encode("utf-8", "surrogatepass").decode("utf-8", "replace") for line in one.lines()]
    back = read_explored(written(tmp_path_factory.mktemp("it"), *lines))
    assert back is not None
    assert [each.id for each in back.findings] == [each.id for each in one.findings]
    if all("\ud800" not in line for line in one.lines()):
        assert back == one


def test_a_folder_without_it_has_nothing(tmp_path: Path) -> None:
    assert read_explored(tmp_path) is None


def test_a_file_of_an_earlier_version_has_no_transcripts(tmp_path: Path) -> None:
    plain = json.loads([*exploration().lines()][-1])
    for name in ("started", "place", "budget", "steps"):
        del plain[name]
    finding = json.loads(next(exploration(found()).lines()))
    del finding["clients"], finding["file"]
    back = read_explored(written(tmp_path, json.dumps(finding), json.dumps(plain)))
    assert back == exploration(replace(found(), clients=(), file=""), started="", place=None, budget=0.0, steps=0)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda lines: [], "is the last line, and not the summary"),
        (lambda lines: lines[:1], "explored.jsonl:1: is the last line, and not the summary"),
        (lambda lines: [lines[0], lines[1][:40]], "explored.jsonl:2: is not a line of an exploration"),
        (lambda lines: ["[]", *lines], "explored.jsonl:1: is not a line of an exploration (it is neither"),
        (lambda lines: ["[" * 100_000, *lines], "explored.jsonl:1: is not a line of an exploration"),
        (lambda lines: [lines[0].replace('"steps": 2', '"steps": "two"'), lines[1]], "steps is not an integer"),
        (lambda lines: [*lines, lines[0]], "explored.jsonl:3: comes after the last line"),
        (lambda lines: ["\x00", *lines], "explored.jsonl:1: is not a line of an exploration"),
    ],
)
def test_a_damaged_file_is_refused_with_the_line_and_what_to_do(tmp_path: Path, change, said: str) -> None:
    with pytest.raises(BadFile) as refused:
        read_explored(written(tmp_path, *change([*exploration(found()).lines()])))
    text = str(refused.value)
    assert said in text
    assert "explore again, or remove the file" in text
    assert len(text.splitlines()) == 1


def test_neither_a_long_line_nor_many_lines_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "LINE_LIMIT", 1000)
    with pytest.raises(BadFile, match="is too long"):
        read_explored(written(tmp_path, "x" * 1001))
    monkeypatch.setattr(subject, "LINE_LIMIT", 10_000)
    monkeypatch.setattr(subject, "MOST_RECORDS", 3)
    with pytest.raises(BadFile, match=r"explored.jsonl:4: is too long"):
        read_explored(written(tmp_path, *[*exploration(found()).lines()][:1] * 4))


def test_a_folder_of_that_name_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "explored.jsonl").mkdir()
    with pytest.raises(BadFile, match="cannot be read"):
        read_explored(tmp_path)


def test_a_finding_that_not_every_replay_shows_is_flaky() -> None:
    assert found(again=2).flaky
    assert not found().flaky
    assert isinstance(exploration(), Exploration)
