"""What GitHub shows of a run: annotations at the target or waiver file, as workflow commands on standard output.

<https://docs.github.com/actions/reference/workflow-commands-for-github-actions>
"""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from conformance.report.failures import failures, reason, unjudged
from conformance.report.links import own_place, scenario_link
from conformance.report.text import line, named
from conformance.report.transcript import again
from conformance.report.waived import file_of, red_waivers
from conformance.report.wording import message_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.report.failures import Failure
    from conformance.report.model import Report
    from conformance.results.runlog import Run

MOST = 10
"""Annotations of one kind that GitHub keeps of one step; it drops the rest without a word."""


class _Annotation(NamedTuple):
    title: str
    message: str
    file: str = ""
    line: int = 0


def render(report: Report, run: Run) -> str:
    """Give one workflow command per line: errors for must rules, warnings for should rules and what is unknown."""
    found = list(failures(report, run))
    errors = [*_incomplete(report), *_waivers(report, run), *(_failure(one, report, run) for one in found if one.must)]
    warnings = [
        *_weakness(report),
        *(_failure(one, report, run) for one in found if not one.must),
        *_unjudged(report, run),
        *_flaky(report, run),
    ]
    lines = [*_commands("error", errors, "errors"), *_commands("warning", warnings, "warnings")]
    return "".join(f"{text}\n" for text in lines)


def _weakness(report: Report) -> Iterator[_Annotation]:
    if report.weakness:
        yield _Annotation("The run is weaker than it looks", report.weakness)


def _incomplete(report: Report) -> Iterator[_Annotation]:
    if not report.complete:
        yield _Annotation("The run is not complete", line(report.reason, 400))


def _waivers(report: Report, run: Run) -> Iterator[_Annotation]:
    for waiver, said in red_waivers(report, run):
        yield _Annotation(f"{waiver.state} waiver", said, file_of(run), waiver.entry.line)


def _failure(failure: Failure, report: Report, run: Run) -> _Annotation:
    problem, rule = failure.problem, failure.rule
    names = next((result.names for result in run.results if result.scenario == failure.scenario), {})
    said = [f'{rule.level} {line(rule.id)}: "{line(rule.sentence, 400)}"'] if rule else []
    said += [line(named(message_of(problem)[:600], names), 400), f"Again: {again(failure.scenario, run)}"]
    said += _linked(failure.scenario, report)
    title = f"{line(rule.id)} {line(failure.scenario)}" if rule else line(failure.scenario)
    return _Annotation(title, "\n".join(said), *own_place(failure.scenario, report, run))


def _linked(scenario: str, report: Report) -> list[str]:
    link = scenario_link(scenario, report)
    return [f"Scenario: {link}"] if link else []


def _unjudged(report: Report, run: Run) -> Iterator[_Annotation]:
    for one in unjudged(report):
        why = line(reason(one), 400) or "no reason was given"
        said = "\n".join([why, *_linked(one.entry.id, report)])
        yield _Annotation(f"{one.status} {line(one.entry.id)}", said, *own_place(one.entry.id, report, run))


def _flaky(report: Report, run: Run) -> Iterator[_Annotation]:
    for one in report.flaky:
        said = f"its attempts ended {', '.join(result.outcome for result in one.results)}"
        said = "\n".join([said, *_linked(one.entry.id, report)])
        yield _Annotation(f"flaky {line(one.entry.id)}", said, *own_place(one.entry.id, report, run))


def _commands(kind: str, annotations: list[_Annotation], noun: str) -> Iterator[str]:
    """Give at most `MOST` commands; where there are more, a notice says so, and where they are shown."""
    for one in islice(annotations, MOST):
        place = [("file", line(one.file, 400)), ("line", str(one.line))] if one.file and one.line else []
        yield _command(kind, [*place, ("title", one.title)], one.message)
    if len(annotations) > MOST:
        rest = f"{len(annotations) - MOST} more {noun} are in parity.html and junit.xml"
        yield _command("notice", [("title", f"{len(annotations)} {noun}")], rest)


def _command(kind: str, properties: Iterable[tuple[str, str]], message: str) -> str:
    given = ",".join(f"{name}={_escape(value, ':,')}" for name, value in properties)
    return f"::{kind} {given}::{_escape(message)}"


def _escape(text: str, more: str = "") -> str:
    """Escape what would end a command, or one of its properties."""
    for char in f"%\r\n{more}":
        text = text.replace(char, f"%{ord(char):02X}")
    return text
