"""A log that was damaged, cut, edited or made up is refused in one line: never does it become another run.

The log here is a real one, of a real server, written by the command.
"""

from __future__ import annotations

import copy
import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from conformance.errors import BadFile
from conformance.results.runlog import Run, read_run
from conformance.results.verdict import judge
from tests.conformance.cli.test_run import TARGET, toy_spec_folder  # noqa: F401 -- a fixture
from tests.conformance.run_contexts import SECRET
from tests.doubles.fan_out import ChatServer
from tests.doubles.hosting import hosted
from tests.examples import examples

if TYPE_CHECKING:
    from collections.abc import Callable

    from _pytest.tmpdir import TempPathFactory


@pytest.fixture(scope="module")
def folder(toy_spec_folder: Path, tmp_path_factory: TempPathFactory) -> Path:  # noqa: F811
    """The folder of a run in which one scenario passes and one fails."""
    place = tmp_path_factory.mktemp("run")
    with hosted(ChatServer("in order", "drop").serving()) as server:
        (place / "toy.yaml").write_text(TARGET.format(url=server.url))
        words = ["run", "toy.yaml", "toy.told", "toy.pinged", "--out", "out", "--spec", str(toy_spec_folder)]
        done = subprocess.run(
            [sys.executable, "-m", "conformance.cli", *words, "--trace", "all"],
            cwd=place,
            env={**os.environ, "TOY_SECRET": SECRET, "PYTHONPATH": str(Path(__file__).parents[3])},
            capture_output=True,
            check=False,
        )
    assert done.returncode == 1, done.stderr
    return place / "out"


@pytest.fixture(scope="module")
def log(folder: Path) -> bytes:
    return (folder / "run.jsonl").read_bytes()


@pytest.fixture(scope="module")
def whole(folder: Path) -> Run:
    return read_run(folder)


@pytest.fixture(scope="module")
def read(tmp_path_factory: TempPathFactory) -> Callable[[bytes], Run | str]:
    """Read these bytes as a log: the run, or the one line that says why not."""
    path = tmp_path_factory.mktemp("read") / "run.jsonl"

    def reading(data: bytes) -> Run | str:
        path.write_bytes(data)
        try:
            return read_run(path)
        except BadFile as error:
            said = str(error)
        assert said.count("\n") == 0
        assert len(said) < 1000
        return said.removeprefix(str(path)).lstrip(":")

    return reading


@dataclass(frozen=True, repr=False)
class Real:
    """The log, what it says, and how to read another; in a failure it takes one line."""

    log: bytes
    whole: Run
    read: Callable[[bytes], Run | str]


@pytest.fixture(scope="module")
def real(log: bytes, whole: Run, read: Callable[[bytes], Run | str]) -> Real:
    return Real(log, whole, read)


def sealed(lines: list[Any]) -> bytes:
    """Write records as somebody would who knows the format: with a seal that fits."""
    written = [line if isinstance(line, str) else json.dumps(line, separators=(",", ":")) for line in lines]
    last = json.loads(written[-1])
    last.pop("sha256", None)
    text = "".join(f"{line}\n" for line in written[:-1]) + json.dumps(last, separators=(",", ":"))[:-1] + ',"sha256":"'
    return f'{text}{hashlib.sha256(text.encode()).hexdigest()}"}}\n'.encode()


def records(log: bytes) -> list[Any]:
    return [json.loads(line) for line in log.splitlines()]


def test_a_whole_log_is_read(read: Any, log: bytes, whole: Run) -> None:
    assert read(log) == whole
    assert whole.complete
    assert judge(whole).exit_code == 1
    assert read(log.removesuffix(b"\n")) == whole
    assert read(sealed(records(log))) == whole


# Where to cut: any byte of any log, half of the time one near the end, where the footer and its seal are.
places = st.tuples(st.integers(0, 1 << 30), st.booleans())
JSON_BYTES = list(b'0123456789"{}[]:,\n truefalsPASF')


def at(place: tuple[int, bool], log: bytes) -> int:
    number, near_the_end = place
    return len(log) - 1 - number % 400 if near_the_end else number % len(log)


@settings(deadline=None, max_examples=examples(250))
@given(places, st.integers(0, 255) | st.sampled_from(JSON_BYTES))
@example((0, True), 0x80).via("the line feed at the end becomes what is no text")
@example((0, True), 0xC3).via("or the first byte of a character that is cut off")
@example((0, True), 0x20).via("or a space")
def test_one_byte_that_is_another_is_seen(real: Real, place: tuple[int, bool], byte: int) -> None:
    log, index = real.log, at(place, real.log)
    found = real.read(log[:index] + bytes([byte]) + log[index + 1 :])
    assert isinstance(found, str) is (byte != log[index])


@settings(deadline=None, max_examples=examples(100))
@given(places, st.integers(0, 30), st.binary(max_size=4))
def test_bytes_that_are_missing_or_too_many_are_seen(
    real: Real, place: tuple[int, bool], gone: int, put: bytes
) -> None:
    log = real.log
    index = min(at(place, log), len(log) - 1 - gone)  # What lacks its end is another test.
    found = real.read(log[:index] + put + log[index + gone :])
    assert isinstance(found, str) or found == real.whole


def test_every_line_that_is_missing_twice_or_elsewhere_is_seen(read: Any, log: bytes) -> None:
    lines = log.splitlines(keepends=True)
    for index in range(len(lines) - 1):  # without its last line it is a run that was cut off
        assert isinstance(read(b"".join([*lines[:index], *lines[index + 1 :]])), str)
        assert isinstance(read(b"".join([*lines[: index + 1], *lines[index:]])), str)
        if index:
            assert isinstance(
                read(b"".join([*lines[:index], lines[index + 1], lines[index], *lines[index + 2 :]])), str
            )


@settings(deadline=None, max_examples=examples(150))
@given(places)
def test_a_beginning_is_refused_or_is_a_run_that_was_cut_off(real: Real, place: tuple[int, bool]) -> None:
    found = real.read(real.log[: min(at(place, real.log), len(real.log) - 2)])
    if isinstance(found, Run):
        assert not found.complete
        assert judge(found).exit_code == 3
        assert found.results == real.whole.results[: len(found.results)]


def test_every_beginning_that_ends_with_a_line_is_a_run_that_was_cut_off(read: Any, log: bytes) -> None:
    lines = log.splitlines(keepends=True)
    for count in range(1, len(lines)):
        assert not read(b"".join(lines[:count])).complete


def test_a_verdict_that_was_edited_is_seen(read: Any, log: bytes) -> None:
    assert log.count(b'"outcome":"FAIL"') == 1
    assert "its sha256 does not fit, so something was changed afterwards" in read(
        log.replace(b'"outcome":"FAIL"', b'"outcome":"PASS"')
    )


def test_a_log_of_today_without_its_seal_is_refused(read: Any, log: bytes) -> None:
    head, _, tail = log.rpartition(b',"sha256":"')
    assert "its sha256 does not fit" in read(head + b"}\n")
    assert "its sha256 does not fit" in read(head + b',"sha257":"' + tail)


def test_a_log_of_the_first_format_needs_none(read: Any, log: bytes, whole: Run) -> None:
    old = records(log)
    old[0]["format"] = 1
    old[0]["spec"] = {key: one for key, one in old[0]["spec"].items() if key not in ("wire", "probes")}
    for scenario in old[0]["spec"]["scenarios"]:
        del scenario["revision"]
    del old[0]["waivers"], old[-1]["sha256"]
    found = read("".join(f"{json.dumps(one)}\n" for one in old).encode())
    assert found.results == whole.results
    assert found.complete
    assert judge(found).exit_code == 1


def test_a_log_of_the_first_format_that_has_a_seal_is_held_to_it(read: Any, log: bytes) -> None:
    assert "its sha256 does not fit" in read(log.replace(b'"format":2', b'"format":1'))


def test_a_last_line_that_is_spoiled_in_its_middle_is_no_torn_one(read: Any, log: bytes) -> None:
    assert "is not a JSON object" in read(log[:-100] + b"\x80" + log[-99:-1])


CHANGES: dict[str, tuple[Callable[[list[Any]], Any], str]] = {
    "a newer format": (lambda log: log[0].update(format=3), "1: was written in format 3, this tool reads up to 2"),
    "a format that is no number": (lambda log: log[0].update(format="2"), "1: header.format is not an integer"),
    "a scenario twice": (
        lambda log: log[0]["spec"]["scenarios"].append(log[0]["spec"]["scenarios"][0]),
        "1: the header has the scenario 'toy.pinged' 2 times",
    ),
    "a rule twice": (
        lambda log: log[0]["spec"]["rules"].append({**log[0]["spec"]["rules"][0], "level": "should"}),
        "1: the header has the rule",
    ),
    "a feature twice": (
        lambda log: log[0]["spec"]["features"].append(log[0]["spec"]["features"][0]),
        "1: the header has the feature",
    ),
    "a level that is none": (
        lambda log: [one.update(level="shoud") for one in log[0]["spec"]["rules"] if one["id"] == "SEND-1"],
        "1: the rule 'SEND-1' has the level 'shoud'; known are must, should",
    ),
    "a rule of no feature": (
        lambda log: [one.update(features=["send"]) for one in log[0]["spec"]["rules"] if one["id"] == "SEND-1"],
        "1: the rule 'SEND-1' belongs to 'send', which is not a feature of the header",
    ),
    "a scenario of no rule": (
        lambda log: log[0]["spec"]["scenarios"][1].update(rules=["SEND-99"]),
        "1: the scenario 'toy.told' proves 'SEND-99', which is not a rule of the header",
    ),
    "a scenario of no feature": (
        lambda log: log[0]["spec"]["scenarios"][1].update(feature="telling"),
        "1: the scenario 'toy.told' belongs to 'telling', which is not a feature of the header",
    ),
    "a selection of what there is not": (
        lambda log: log[0].update(selected=["toy.told", "toy.gone"]),
        "1: the scenario 'toy.gone' is selected and not in the spec",
    ),
    "a moment that is none": (lambda log: log[0].update(started="yesterday"), "1: `started` is 'yesterday'"),
    "a day that is none": (
        lambda log: log[0].update(waivers={"file": "w", "today": "never", "entries": []}),
        "1: the waivers have the day 'never', which is not a date",
    ),
    "no selection": (
        lambda log: log[0].pop("selected"),
        "1: header 1 required positional argument: 'selected' missing",
    ),
    "a target that is a text": (lambda log: log[0].update(target="toy"), "1: header.target is not an object"),
    "names that are numbers": (lambda log: log[2].update(names={"a": 1}), "3: result.names.a is not a string"),
    "an outcome of our own": (lambda log: log[2].update(outcome="FINE"), "3: 'FINE' is not a valid Outcome"),
    "an outcome that is waived": (lambda log: log[2].update(outcome="WAIVED"), "3: 'WAIVED' is not a valid Outcome"),
    "a result of no scenario": (lambda log: log[2].update(scenario="toy.gone"), "is not in the header"),
    "a result with other rules": (
        lambda log: log[2].update(rules=["PING-2"]),
        "has another feature or other rules than in the header",
    ),
    "a result with another feature": (
        lambda log: log[2].update(feature="edit_message"),
        "has another feature or other rules than in the header",
    ),
    "a result twice": (lambda log: log.insert(3, log[2]), "4: a second result of 'toy.pinged', attempt 1: two runs"),
    "an attempt before the first": (lambda log: log[2].update(attempt=0), "3: there is no attempt 0"),
    "a second header": (lambda log: log.insert(1, log[0]), "2: a second `header`: two runs were written into one file"),
    "a second calibration": (lambda log: log.insert(2, log[1]), "3: a second `calibration`: two runs"),
    "a calibration before the header": (lambda log: log.insert(0, log[1]), "1: the log begins with `calibration`"),
    "two footers": (lambda log: log.insert(-1, log[-1]), "its sha256 does not fit"),
    "a kind of our own": (lambda log: log.insert(1, {"kind": "surprise"}), "2: has the kind 'surprise'; known are"),
    "a kind that is a list": (lambda log: log.insert(1, {"kind": ["header"]}), "2: has the kind ['header']"),
    "no kind": (lambda log: log[1].pop("kind"), "2: has the kind None"),
    "a time that is a text": (lambda log: log[2].update(seconds="1"), "3: result.seconds is not a number"),
    "a time that is no number": (
        lambda log: log.insert(1, '{"kind":"footer","seconds":NaN}'),
        "2: is not a JSON object",
    ),
    "a time beyond all bounds": (lambda log: log[2].update(seconds=10**400), "3: result.seconds is too large a number"),
    "a float beyond all bounds": (
        lambda log: log.__setitem__(2, json.dumps({**log[2], "seconds": 7.5}).replace("7.5", "1e999")),
        "3: result.seconds is too large a number",
    ),
    "a line beyond all bounds": (
        lambda log: log[0]["spec"]["rules"][0].update(line=1 << 70),
        "1: header.spec.rules[0].line is too large a number",
    ),
    "a number that Python does not print": (
        lambda log: log.insert(1, '{"kind":"footer","seconds":' + "9" * 5000 + "}"),
        "2: is not a JSON object",
    ),
    "an infinite number in a frame": (
        lambda log: log[2].update(transcript=[{"at": 0, "who": "a", "way": "→", "frame": {"n": float("inf")}}]),
        "3: is not a JSON object",
    ),
    "a frame that is nested too deeply": (
        lambda log: log[2].update(transcript=[{"at": 0, "who": "a", "way": "→", "frame": deep(100)}]),
        "3: result.transcript[0].frame.n is nested more than 60 deep",
    ),
    "options that are nested too deeply": (
        lambda log: log[0].update(options=deep(200)),
        "1: header.options.n is nested more than 60 deep",
    ),
    "brackets without an end": (lambda log: log.insert(1, "[" * 200_000), "2: is not a JSON object"),
    "a key twice": (
        lambda log: log.__setitem__(2, json.dumps(log[2])[:-1] + ',"outcome":"PASS"}'),
        "3: is not a JSON object",
    ),
    "a list": (lambda log: log.insert(1, [1, 2]), "2: is not a JSON object"),
    "an empty line": (lambda log: log.insert(1, ""), "2: is not a JSON object"),
}


def deep(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {"n": 1}
    for _ in range(levels):
        value = {"n": value}
    return value


@pytest.mark.parametrize("name", CHANGES)
def test_what_was_made_up_is_refused_even_with_a_seal_that_fits(read: Any, log: bytes, name: str) -> None:
    change, said = CHANGES[name]
    made = copy.deepcopy(records(log))
    change(made)
    found = read(sealed(made))
    assert isinstance(found, str)
    assert said in found


class TestAnotherFileInItsPlace:
    def complaint(self, path: Path) -> str:
        with pytest.raises(BadFile) as caught:
            read_run(path)
        return str(caught.value)

    @pytest.mark.parametrize("name", ["parity.json", "parity.md", "parity.html", "junit.xml"])
    def test_says_which_file_to_name(self, folder: Path, name: str) -> None:
        said = self.complaint(folder / name)
        assert f"{name}:1: does not begin a log of a run" in said
        assert f"name {folder / 'run.jsonl'}, beside it" in said

    def test_says_so_of_json_on_one_line_as_well(self, folder: Path, tmp_path: Path) -> None:
        (tmp_path / "p.json").write_text(json.dumps(json.loads((folder / "parity.json").read_text())))
        assert self.complaint(tmp_path / "p.json").endswith("are only made from one); name a `run.jsonl`")

    def test_a_folder_without_a_log_is_named(self, tmp_path: Path) -> None:
        assert "run.jsonl: cannot be read (No such file or directory)" in self.complaint(tmp_path)

    @pytest.mark.timeout(20)
    def test_a_line_of_a_gigabyte_is_not_read(self, tmp_path: Path) -> None:
        with (tmp_path / "run.jsonl").open("wb") as file:
            file.write(b'{"kind":"header","run":"')
            file.truncate(1 << 29)
        assert "is longer than 16777216 bytes" in self.complaint(tmp_path)

    def test_a_file_beyond_all_bounds_is_not_read(self, tmp_path: Path) -> None:
        with (tmp_path / "run.jsonl").open("wb") as file:
            file.truncate(1 << 40)
        assert "bytes; a log of more than 1073741824 is not read" in self.complaint(tmp_path)
