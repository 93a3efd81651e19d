"""Allure results: a folder with a JSON file for each attempt of each scenario, which `allure generate` reads.

    PASS                             passed
    FAIL                             failed
    BROKEN, UNTESTABLE, BLOCKED      broken: it says nothing about the server
    NOT APPLICABLE, waived           skipped
    the last attempt, which passed   as the scenario ended, if that is not PASS: Allure shows a test as its last attempt

<https://allurereport.org/docs/how-it-works-test-result-file/>
"""

from __future__ import annotations

import errno
import hashlib
import json
import tempfile
import uuid
from pathlib import Path
from typing import TYPE_CHECKING, Any

from conformance.errors import UsageError
from conformance.report.links import scenario_link
from conformance.report.text import as_json, line
from conformance.report.transcript import failure_text
from conformance.report.wording import message_of
from conformance.results.model import Outcome
from conformance.results.verdict import Status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.report.model import Report
    from conformance.results.model import Result
    from conformance.results.runlog import Run
    from conformance.results.verdict import JudgedScenario

MOST_TRACES = 400
"""Results that have their transcript; the others have their message, and the recorded run has the rest."""

_LONGEST = 400
_HAS_FILES = "%s has files, and Allure reads all files of a folder: name a new one with --out"

CATEGORIES = (
    {"name": "A rule does not hold", "matchedStatuses": ["failed"]},
    {"name": "It says nothing about the server", "matchedStatuses": ["broken"]},
)


def write_allure(report: Report, run: Run, folder: Path) -> int:
    """Write the results into a new or empty folder, all or nothing; give how many there are.

    Allure reads every file of a folder, so that results of another run there would count as well. Raises UsageError if
    the folder has files or `allure-python-commons` is not installed, and OSError if the folder cannot be written.
    """
    try:
        from allure_commons.logger import AllureFileLogger  # noqa: PLC0415 -- an extra, and only this format needs it
    except ImportError:
        raise UsageError("this format needs allure-python-commons: pip install 'chat-parity[allure]'") from None
    if folder.exists() and any(folder.iterdir()):
        raise UsageError(_HAS_FILES % folder)
    try:
        return _write(list(results(report, run)), report, folder, AllureFileLogger)
    except OSError as error:
        if error.errno == errno.ENOTEMPTY:  # Another command was faster.
            raise UsageError(_HAS_FILES % folder) from None
        error.filename, error.filename2 = str(folder), None  # The system names the temporary folder, or none.
        raise


def _write(some: list[Any], report: Report, folder: Path, logger_of: Any) -> int:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{folder.name}.", dir=folder.parent) as made:
        whole = Path(made) / "results"
        logger = logger_of(str(whole))
        for one in some:
            logger.report_result(one)
        (whole / "environment.properties").write_text(_environment(report), encoding="ascii", newline="\n")
        (whole / "categories.json").write_text(as_json(list(CATEGORIES)), encoding="ascii", newline="\n")
        if folder.exists():
            folder.rmdir()
        whole.rename(folder)
    return len(some)


def results(report: Report, run: Run) -> Iterator[Any]:
    """Give a `TestResult` of `allure_commons.model2` for each attempt of each scenario that was run."""
    traces = MOST_TRACES
    began = run.header.moment.timestamp()
    for scenario in report.scenarios:
        start = began
        for result in scenario.results:
            full = result.outcome is not Outcome.PASS and traces > 0
            traces -= full
            yield _result(scenario, result, report, run, start, full=full)
            start += result.seconds + 0.001  # The last attempt is the latest, also where one took no time.


def _result(scenario: JudgedScenario, result: Result, report: Report, run: Run, start: float, *, full: bool) -> Any:
    from allure_commons import model2 as allure  # noqa: PLC0415 -- as above

    name = line(scenario.entry.id, _LONGEST)
    base, _, case = name.partition("[")
    rules = {row.entry.id: row.entry for row in report.rules}
    proved = [rules[rule] for rule in scenario.entry.rules if rule in rules]
    status, message = _ending(scenario, result)
    identity = f"{report.target.name}\0{scenario.entry.id}"
    link = scenario_link(scenario.entry.id, report)
    return allure.TestResult(
        uuid=str(uuid.UUID(_digest(f"{report.run}\0{identity}\0{result.attempt}"))),
        historyId=_digest(identity),
        testCaseId=_digest(scenario.entry.id),
        fullName=name,
        name=f"{line(scenario.entry.title, _LONGEST)}{f' [{case}' if case else ''}",
        description="\n\n".join(
            f"{line(one.id)} ({line(one.level)}): {line(one.sentence, _LONGEST)}" for one in proved
        ),
        status=status,
        statusDetails=allure.StatusDetails(
            message=message,
            trace=failure_text(result, run) if full else "",
            known=(scenario.status is Status.WAIVED and result.outcome is Outcome.FAIL) or None,
            flaky=scenario.flaky or None,
        ),
        stage="finished",
        start=int(start * 1000),
        stop=int((start + result.seconds) * 1000),
        labels=[allure.Label(name=kind, value=value) for kind, value in _labels(scenario, base, proved, report)],
        parameters=[allure.Parameter(name="case", value=json.dumps(case.removesuffix("]")))] if case else [],
        links=[allure.Link(type="link", url=link, name="the scenario")] if link else [],
    )


def _labels(scenario: JudgedScenario, base: str, proved: list[Any], report: Report) -> Iterator[tuple[str, str]]:
    titles = {row.judged.entry.id: row.judged.entry.title for row in report.features}
    feature = line(titles.get(scenario.entry.feature, scenario.entry.feature))
    yield "parentSuite", line(report.target.name)
    yield "suite", feature
    yield "feature", feature
    yield "story", base
    yield "severity", "critical" if any(one.level == "must" for one in proved) else "minor"
    yield "framework", "chat-parity"
    for one in proved:
        yield "tag", line(one.id)


def _ending(scenario: JudgedScenario, result: Result) -> tuple[str, str]:
    """Give the status of an attempt and its message; the last attempt is not green unless the scenario is."""
    message = line(message_of(result.problems[0]), _LONGEST) if result.problems else ""
    if scenario.status is Status.WAIVED and result.outcome is Outcome.FAIL:
        return "skipped", f"waived: {message}"
    outcome = result.outcome
    if outcome is Outcome.PASS and result is scenario.results[-1] and scenario.status is not Status.PASS:
        before = ", ".join(dict.fromkeys(one.outcome for one in scenario.results[:-1]))
        return _LAST.get(scenario.status, "broken"), f"{scenario.status}: this attempt passes; before: {before}"
    return _status(outcome), message


_LAST = {Status.FAIL: "failed", Status.FLAKY: "failed", Status.WAIVED: "skipped"}


def _status(outcome: Outcome) -> str:
    if outcome is Outcome.NOT_APPLICABLE:
        return "skipped"
    return {Outcome.PASS: "passed", Outcome.FAIL: "failed"}.get(outcome, "broken")


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()[:32]


def _environment(report: Report) -> str:
    """Give the file of Java properties that Allure shows as the environment, in ASCII."""
    rows: tuple[tuple[str, str], ...] = (
        ("Target", report.target.name),
        ("Address", ", ".join(report.target.instances)),
        ("Spec", report.spec_digest),
        ("Tool", f"chat-parity {report.tool}"),
    )
    if report.weakness:
        rows = (*rows, ("Warning", report.weakness))
    return "".join(f"{name}={_property(line(value, _LONGEST))}\n" for name, value in rows)


def _property(text: str) -> str:
    """Escape a value as Java does: a backslash, and UTF-16 units beyond ASCII."""
    return json.dumps(text, ensure_ascii=True)[1:-1].replace('\\"', '"')
