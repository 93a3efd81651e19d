from __future__ import annotations

import json
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from conformance.errors import BadFile
from conformance.results.model import Calibration, Entry, Observation, Outcome, Problem, Result
from conformance.results.runlog import CellEntry, Footer, Record, Run, RunWriter, read_run, records
from conformance.results.runlog.assembly import DAMAGED
from tests.conformance.report import toys

if TYPE_CHECKING:
    from pathlib import Path

SCENARIO = toys.scenario("edit.no", ("EDIT-2",))
HEADER = toys.header((toys.rule("EDIT-2"),), (SCENARIO,))
RESULT = toys.result(SCENARIO)


def keep(text: str) -> str:
    return text


def written(path: Path, *records: Record, redact: Any = keep) -> Path:
    with RunWriter(path, redact) as log:
        for record in records:
            log.write(record)
    return path


def complaint(path: Path) -> str:
    with pytest.raises(BadFile) as caught:
        read_run(path)
    [mistake] = caught.value.mistakes
    assert mistake.file == path
    return f"{mistake.line}: {mistake.message}"


# Two lone surrogates side by side are one character in JSON, so surrogates have a test of their own.
texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
numbers = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
values = st.recursive(
    st.none() | st.booleans() | numbers | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
seconds = st.floats(0, 1e6)
places = st.integers(0, 10**9)
entries = st.builds(Entry, seconds, texts, texts, st.none() | st.dictionaries(texts, values, max_size=4), texts)
problems = st.builds(Problem, texts, texts, places, texts, st.none() | texts, st.none() | places)
names = st.dictionaries(texts, texts, max_size=3)
results = st.builds(
    Result,
    st.just(SCENARIO.id),
    st.just(SCENARIO.feature),
    st.just(SCENARIO.rules),
    st.sampled_from(Outcome),
    seconds,
    st.lists(problems, max_size=2).map(tuple),
    st.lists(problems, max_size=2).map(tuple),
    st.lists(entries, max_size=3).map(tuple),
    names,
    st.integers(1, 99),
)
probes = st.builds(Observation, texts, texts, texts, texts, st.lists(entries, max_size=3).map(tuple), names)
calibrations = st.builds(
    Calibration,
    st.booleans(),
    st.booleans(),
    st.none() | seconds,
    seconds,
    seconds,
    st.lists(texts, max_size=3).map(tuple),
    seconds,
)
footers = st.builds(Footer, st.booleans(), texts, seconds, st.dictionaries(texts, seconds, max_size=3))
runs = st.builds(
    Run,
    st.just(HEADER),
    st.none() | calibrations,
    st.lists(results, max_size=3, unique_by=lambda one: one.attempt).map(tuple),
    st.lists(probes, max_size=2, unique_by=lambda one: one.id).map(tuple),
    st.none() | footers,
)


class TestWriterAndReader:
    @settings(deadline=None)
    @given(runs)
    def test_give_back_what_was_written(self, tmp_path_factory: pytest.TempPathFactory, run: Run) -> None:
        records = [run.header, run.calibration, *run.results, *run.probes, run.footer]
        path = tmp_path_factory.mktemp("log") / "run.jsonl"
        assert read_run(written(path, *(record for record in records if record))) == run

    def test_put_the_kind_first_on_one_line_each(self, tmp_path: Path) -> None:
        path = written(tmp_path / "new" / "run.jsonl", HEADER, toys.calibration(), RESULT, Footer(complete=True))
        lines = path.read_text().splitlines()
        assert [next(iter(json.loads(line).items())) for line in lines] == [
            ("kind", "header"),
            ("kind", "calibration"),
            ("kind", "result"),
            ("kind", "footer"),
        ]

    def test_carry_the_tables_of_the_spec(self, tmp_path: Path) -> None:
        data = json.loads(written(tmp_path / "run.jsonl", HEADER).read_text())
        assert data["format"] == records.FORMAT
        assert data["spec"]["messages"]["incoming"] == {"Edit": ["edit"], "Touch": ["edit", "drop"]}
        assert data["spec"]["rules"][0]["sentence"] == "The sentence of EDIT-2."

    def test_keep_the_cell_that_a_case_was_made_from(self, tmp_path: Path) -> None:
        cell = CellEntry("spec/table.yaml", "send", "reader", "refused", 3, 1)
        header = toys.header((toys.rule("EDIT-2"),), (replace(SCENARIO, cell=cell),))
        path = written(tmp_path / "run.jsonl", header)
        assert read_run(path).header == header
        older = json.loads(path.read_text())
        del older["spec"]["scenarios"][0]["cell"]
        path.write_text(json.dumps(older) + "\n")
        assert read_run(path).header.spec.scenarios == (SCENARIO,)

    def test_have_each_record_on_disk_before_the_next(self, tmp_path: Path) -> None:
        with RunWriter(tmp_path / "run.jsonl", keep) as log:
            log.write(HEADER)
            log.write(RESULT)
            assert read_run(tmp_path / "run.jsonl").results == (RESULT,)


class TestWriter:
    def entry(self, path: Path, frame: Any) -> Any:
        result = toys.result(SCENARIO, transcript=(Entry(0.0, "bob", "←", {"value": frame}),))
        frame = read_run(written(path, HEADER, result)).results[0].transcript[0].frame
        assert frame is not None
        return frame["value"]

    def test_keeps_a_lone_surrogate(self, tmp_path: Path) -> None:
        assert self.entry(tmp_path / "run.jsonl", "a\ud800b") == "a\ud800b"

    def test_writes_numbers_that_json_has_not_as_text(self, tmp_path: Path) -> None:
        assert self.entry(tmp_path / "run.jsonl", math.inf) == "inf"
        assert self.entry(tmp_path / "run.jsonl", 10**5000) == "an integer of 16610 bits"

    def test_cuts_a_frame_that_is_nested_too_deeply(self, tmp_path: Path) -> None:
        deep: list[Any] = []
        for _ in range(900):
            deep = [deep]
        shown = json.dumps(self.entry(tmp_path / "run.jsonl", deep), ensure_ascii=False)
        assert shown == f'{"[" * 36}"…"{"]" * 36}'

    def test_leaves_a_transcript_out_rather_than_write_a_line_that_nobody_reads(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(records, "LINE_LIMIT", 2000)
        result = toys.result(SCENARIO, Outcome.FAIL, transcript=(Entry(0.0, "bob", "←", text="x" * 3000),))
        [kept] = read_run(written(tmp_path / "run.jsonl", HEADER, result)).results
        assert kept.outcome is Outcome.FAIL
        assert kept.problems == result.problems
        assert kept.transcript[0].text.startswith("the transcript was left out: its line had 3")


class TestRedaction:
    @settings(deadline=None)
    @given(texts.filter(lambda text: len(text) > 3), texts)
    def test_leaves_no_secret_and_valid_json(
        self, tmp_path_factory: pytest.TempPathFactory, secret: str, around: str
    ) -> None:
        def redact(text: str) -> str:
            return text.replace(secret, "***")

        frame = {"query": f"{around}{secret}{around}", f"{secret}": 1}
        entry = Entry(0.0, "bob", "→", frame, text=f"?token={secret}")
        path = tmp_path_factory.mktemp("log") / "run.jsonl"
        written(path, HEADER, toys.result(SCENARIO, transcript=(entry,)), redact=redact)
        [recorded] = read_run(path).results[0].transcript
        assert recorded.frame is not None
        assert recorded.text == redact(f"?token={secret}")
        assert [*recorded.frame] == [redact("query"), "***"]

    @pytest.mark.parametrize(
        "secret", ['a"b\\c', "line\nfeed", "é", "123456789", '":', "kind", "PASS", "transcript", "tran"]
    )
    def test_sees_through_the_escapes_of_json(self, tmp_path: Path, secret: str) -> None:
        entry = Entry(0.0, "bob", "←", {"echo": secret, "number": 123456789})
        result = toys.result(SCENARIO, transcript=(entry,))
        path = written(tmp_path / "run.jsonl", HEADER, result, redact=lambda text: text.replace(secret, "***"))
        [recorded] = read_run(path).results[0].transcript
        assert recorded.frame is not None
        assert recorded.frame["echo"] == "***"
        assert recorded.frame["number"] == ("***" if secret == "123456789" else 123456789)


class TestReader:
    def lines(self, path: Path, *lines: str) -> Path:
        path.write_text("".join(f"{line}\n" for line in lines))
        return path

    @pytest.fixture
    def good(self, tmp_path: Path) -> list[str]:
        records = (HEADER, toys.calibration(), RESULT, Footer(complete=True))
        return written(tmp_path / "good.jsonl", *records).read_text().splitlines()

    def test_wants_a_file_that_exists(self, tmp_path: Path) -> None:
        assert "cannot be read (No such file or directory); name a `run.jsonl`" in complaint(tmp_path / "none.jsonl")

    def test_wants_something_in_it(self, tmp_path: Path) -> None:
        assert complaint(self.lines(tmp_path / "run.jsonl")).startswith("0: is empty or cut off before its header")

    def test_wants_json_on_every_line(self, tmp_path: Path, good: list[str]) -> None:
        for wrong in ("{", "[]", "7", "", "[" * 100_000):
            path = self.lines(tmp_path / "run.jsonl", good[0], wrong, *good[1:])
            assert complaint(path) == f"2: is not a JSON object: {DAMAGED}"

    def test_wants_the_header_first(self, tmp_path: Path, good: list[str]) -> None:
        message = complaint(self.lines(tmp_path / "run.jsonl", *good[1:]))
        assert message == "1: the log begins with `calibration`, not with `header`: it was cut at its start"

    def test_refuses_a_newer_format(self, tmp_path: Path, good: list[str]) -> None:
        newer = json.dumps({**json.loads(good[0]), "format": 3})
        message = complaint(self.lines(tmp_path / "run.jsonl", newer))
        assert message == "1: was written in format 3, this tool reads up to 2: install a newer chat-parity"

    def test_refuses_a_kind_that_it_does_not_know(self, tmp_path: Path, good: list[str]) -> None:
        assert "2: has the kind 'surprise'; known are" in complaint(
            self.lines(tmp_path / "run.jsonl", good[0], '{"kind":"surprise"}')
        )
        assert "2: has the kind None" in complaint(self.lines(tmp_path / "run.jsonl", good[0], "{}"))

    def test_refuses_a_result_of_a_scenario_that_the_header_has_not(self, tmp_path: Path, good: list[str]) -> None:
        path = self.lines(tmp_path / "run.jsonl", good[0], good[2].replace("edit.no", "edit.gone"))
        assert complaint(path) == f"2: the scenario 'edit.gone' is not in the header: {DAMAGED}"

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"seconds": "fast"}, "result.seconds is not a number"),
            ({"outcome": "FINE"}, "'FINE' is not a valid Outcome"),
            ({"rules": "EDIT-2"}, "result.rules is not a list"),
            ({"problems": [{"message": "m", "file": "f", "line": True}]}, "result.problems[0].line is not an integer"),
            ({"problems": [{"message": "m"}]}, "result.problems[0] 2 required positional arguments: 'file' and 'line'"),
            ({"transcript": [{"at": 1, "who": "a", "way": "→", "frame": []}]}, "transcript[0].frame is not an object"),
            ({"names": {"id": 7}}, "result.names.id is not a string"),
        ],
    )
    def test_says_which_field_of_a_record_is_wrong(
        self, tmp_path: Path, good: list[str], change: dict[str, Any], message: str
    ) -> None:
        path = self.lines(tmp_path / "run.jsonl", good[0], json.dumps({**json.loads(good[2]), **change}))
        assert message in complaint(path)

    @pytest.mark.parametrize("again", [0, 1])
    def test_refuses_a_second_header_or_calibration(self, tmp_path: Path, good: list[str], again: int) -> None:
        assert "two runs were written into one file" in complaint(
            self.lines(tmp_path / "run.jsonl", *good[:2], good[again])
        )

    def test_refuses_anything_after_the_footer(self, tmp_path: Path, good: list[str]) -> None:
        path = self.lines(tmp_path / "run.jsonl", *good, good[2])
        assert complaint(path) == "5: `result` after the footer: two runs were written into one file, run again"

    def test_without_a_footer_is_incomplete(self, tmp_path: Path, good: list[str]) -> None:
        run = read_run(self.lines(tmp_path / "run.jsonl", *good[:-1]))
        assert run.footer is None
        assert not run.complete
        assert run.results == (RESULT,)

    def test_keeps_all_before_a_torn_last_line(self, tmp_path: Path) -> None:
        whole = written(tmp_path / "run.jsonl", HEADER, RESULT, Footer(complete=True, reason="é")).read_bytes()
        lines = whole.splitlines(keepends=True)
        head, last = b"".join(lines[:2]), lines[2]
        for cut in range(len(last) - 1):
            (tmp_path / "run.jsonl").write_bytes(head + last[:cut])
            run = read_run(tmp_path / "run.jsonl")
            assert run.results == (RESULT,)
            assert not run.complete

    def test_accepts_a_last_line_that_lacks_only_its_line_feed(self, tmp_path: Path, good: list[str]) -> None:
        (tmp_path / "run.jsonl").write_text("\n".join(good))
        assert read_run(tmp_path / "run.jsonl").complete

    def test_refuses_a_log_torn_in_its_header(self, tmp_path: Path, good: list[str]) -> None:
        (tmp_path / "run.jsonl").write_text(good[0][:50])
        assert "cut off before its header ended" in complaint(tmp_path / "run.jsonl")

    def test_refuses_a_line_or_a_file_beyond_its_limit(
        self, tmp_path: Path, good: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = self.lines(tmp_path / "run.jsonl", *good)
        monkeypatch.setattr(records, "LINE_LIMIT", len(good[0]))
        assert complaint(path).startswith("1: is longer than")
        monkeypatch.setattr(records, "FILE_LIMIT", 10)
        assert "bytes; a log of more than 10 is not read" in complaint(path)
