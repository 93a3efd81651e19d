"""`junit.xml`: a suite per feature, a case per scenario, in the shape that Jenkins, GitLab and their kin read.

FAIL                             failure, its type the level of the rule
BROKEN, UNTESTABLE, BLOCKED      error: it says nothing about the server
selected, but never run          error
NOT APPLICABLE                   skipped
a finding of another scenario    a case of its own, in the first feature of the rule that it breaks
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from conformance.report.failures import Room, failures, reason, scenario_text
from conformance.report.links import own_place
from conformance.report.text import line
from conformance.report.waived import file_of, red_waivers
from conformance.report.wording import message_of
from conformance.results.verdict import UNJUDGED, Status

if TYPE_CHECKING:
    from conformance.report.failures import Failure
    from conformance.report.model import FeatureRow, Report
    from conformance.results.runlog import Run
    from conformance.results.verdict import JudgedScenario

_LONGEST_ID = 400


def render(report: Report, run: Run) -> str:
    """Give the document; it is valid XML whatever the server sent."""
    found: dict[str, list[Failure]] = defaultdict(list)
    failed: dict[str, Failure] = {}
    for failure in failures(report, run):
        if failure.found and failure.rule and failure.rule.features:
            found[failure.rule.features[0]].append(failure)
        elif not failure.found:
            failed[failure.scenario] = failure
    room = Room()
    root = Element("testsuites", name=f"chat-parity: {line(report.target.name)}")
    for row in report.features:
        suite = _suite(row, report, run, failed, found[row.judged.entry.id], room)
        if len(suite) > 1:
            root.append(suite)
    _waivers(root, report, run)
    _count(root, "failure", "error")
    if report.seconds is not None:  # Scenarios run at the same time: their sum is no time that anybody waited.
        root.set("time", f"{report.seconds:.3f}")
    indent(root)
    # ASCII with character references: the bytes are valid in any encoding that a reader assumes.
    text: str = tostring(root, "us-ascii", xml_declaration=False).decode("ascii")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(
    row: FeatureRow, report: Report, run: Run, failed: dict[str, Failure], found: list[Failure], room: Room
) -> Element:
    feature = row.judged.entry
    suite = Element("testsuite", name=f"{feature.number} {line(feature.title)}", timestamp=_moment(report.started))
    place = own_place("", report, run)
    if place.file:
        suite.set("file", line(place.file, _LONGEST_ID))
    properties = SubElement(suite, "properties")
    for name, value in (("verdict", row.judged.verdict), ("evidence", row.evidence), ("spec", report.spec_digest)):
        SubElement(properties, "property", name=name, value=line(value, 400))
    if report.weakness:
        SubElement(properties, "property", name="warning", value=report.weakness)
    for scenario in row.judged.scenarios:
        if scenario.results or scenario.selected:
            case = _case(suite, feature.id, scenario.entry.id, scenario.seconds)
            _ending(case, scenario, report, run, failed.get(scenario.entry.id), room)
    for failure in found:
        name = f"{failure.rule.id if failure.rule else ''} found in {failure.scenario}"
        _failure(_case(suite, feature.id, name), failure)
    _count(suite, "failure", "error", "skipped")
    return suite


def _waivers(root: Element, report: Report, run: Run) -> None:
    """Add a suite if a waiver makes the exit code 1, so that the document is not green."""
    red = red_waivers(report, run)
    if red:
        suite = SubElement(root, "testsuite", name="Waivers", timestamp=_moment(report.started))
        suite.set("file", line(file_of(run), _LONGEST_ID))
        SubElement(SubElement(suite, "properties"), "property", name="file", value=line(file_of(run), 400))
        for waiver, said in red:
            case = _case(suite, "waivers", f"{waiver.entry.scenario} {waiver.entry.rule}".strip())
            _said(case, "failure", said, str(waiver.state), "")
        _count(suite, "failure", "error", "skipped")


def _case(suite: Element, feature: str, name: str, seconds: float = 0.0) -> Element:
    # `file` is at the suite: the schema of Jenkins' xUnit plugin refuses a document with `file` or `line` at a case.
    return SubElement(suite, "testcase", classname=line(feature), name=line(name, _LONGEST_ID), time=f"{seconds:.3f}")


def _ending(
    case: Element, scenario: JudgedScenario, report: Report, run: Run, failure: Failure | None, room: Room
) -> None:
    status = scenario.status
    if failure is not None:
        _failure(case, failure)
    elif status in UNJUDGED:
        _said(
            case, "error", f"{status}: {line(reason(scenario), 400)}", str(status), scenario_text(scenario, run, room)
        )
    elif status is Status.WAIVED:
        _said(case, "skipped", f"waived: {line(reason(scenario), 400)}", "", "")
    elif status is Status.NOT_RUN:
        _said(case, "error", f"not run: {line(report.reason, 400) or 'the run left it out'}", str(status), "")
    elif status is Status.NOT_APPLICABLE:
        _said(case, "skipped", line(reason(scenario), 400) or "not applicable to this target", "", "")


def _failure(case: Element, failure: Failure) -> None:
    rule = failure.rule
    sentence = f"{line(rule.id)}: {line(rule.sentence, 400)}" if rule else ""
    message = " — ".join(filter(None, [sentence, line(message_of(failure.problem), 400)]))
    _said(case, "failure", message, line(rule.level) if rule else "", failure.text)


def _said(case: Element, kind: str, message: str, sort: str, text: str) -> None:
    said = SubElement(case, kind, message=message)
    if sort:
        said.set("type", sort)
    said.text = text or None


def _count(element: Element, *kinds: str) -> None:
    """Say how many cases there are, how many of them have each kind of ending, and how long all took."""
    cases = list(element.iter("testcase"))
    element.set("tests", str(len(cases)))
    for kind in kinds:
        counted = sum(case.find(kind) is not None for case in cases)
        element.set("skipped" if kind == "skipped" else f"{kind}s", str(counted))
    element.set("time", f"{sum(float(case.get('time', 0)) for case in cases):.3f}")


def _moment(started: str) -> str:
    """Give the start in the schema's form: UTC, without a zone."""
    return line(started).removesuffix("Z")
