"""SARIF 2.1.0: each failure as a result at the target or waiver file, each rule of the protocol as a rule.

<https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from conformance.report.failures import failures, reason, unjudged
from conformance.report.links import own_place, source_link
from conformance.report.text import as_json, line

if TYPE_CHECKING:
    from conformance.report.failures import Failure
    from conformance.report.model import Report, RuleRow
    from conformance.results.runlog import Run

SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
_LONGEST_PATH = 400


def render(report: Report, run: Run) -> str:
    """Give the log, indented; a must rule is an `error`, a should rule a `warning`."""
    return as_json(document(report, run))


def document(report: Report, run: Run) -> dict[str, Any]:
    """Give the log as a JSON value."""
    indices = {row.entry.id: index for index, row in enumerate(report.rules)}
    driver = {
        "name": "chat-parity",
        "version": line(report.tool),
        "rules": [_rule(row, report) for row in report.rules],
    }
    return {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {"driver": driver},
                "invocations": [_invocation(report)],
                "results": [_result(failure, indices, report, run) for failure in failures(report, run)],
                "columnKind": "unicodeCodePoints",
                "properties": {"target": line(report.target.name), "spec": line(report.spec_digest)},
            }
        ],
    }


def _rule(row: RuleRow, report: Report) -> dict[str, Any]:
    entry = row.entry
    link = source_link(report, entry.file, entry.line)
    return ({"helpUri": link} if link else {}) | {
        "id": line(entry.id),
        "shortDescription": {"text": line(entry.sentence, 400)},
        "defaultConfiguration": {"level": _level(entry.level == "must")},
        "properties": {"level": line(entry.level), "features": [line(feature) for feature in entry.features]},
    }


def _result(failure: Failure, indices: dict[str, int], report: Report, run: Run) -> dict[str, Any]:
    rule = {"ruleId": line(failure.rule.id), "ruleIndex": indices[failure.rule.id]} if failure.rule else {}
    identity = f"{failure.scenario}\0{failure.rule.id if failure.rule else ''}\0{failure.found}"
    problem = failure.problem
    own = own_place(failure.scenario, report, run)
    link = source_link(report, problem.file, problem.line)
    # Without a file of the reader's own only the spec itself is left to point at.
    place = (
        _physical(_uri(own.file), own.line)
        if own.file
        else _physical(link.partition("#")[0] or _uri(problem.file), problem.line)
    )
    related = {"relatedLocations": [_related(link, problem.line)]} if link else {}
    return (
        rule
        | related
        | {
            "level": _level(failure.must),
            "message": {"text": failure.text},
            "locations": [
                {
                    "physicalLocation": place,
                    "logicalLocations": [{"name": line(failure.scenario, _LONGEST_PATH), "kind": "function"}],
                }
            ],
            # The same failure in the next run is the same alert, although ids and times in its text differ.
            "partialFingerprints": {"scenario/v1": hashlib.sha256(identity.encode(errors="replace")).hexdigest()},
        }
    )


def _physical(uri: str, number: int) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": uri}}
    if number:
        place["region"] = {"startLine": number}
    return place


def _related(link: str, number: int) -> dict[str, Any]:
    """Give the page of the step, which code scanning shows as a link beside the alert."""
    text = "the step of the scenario that failed"
    return {"id": 1, "physicalLocation": _physical(link.partition("#")[0], number), "message": {"text": text}}


def _invocation(report: Report) -> dict[str, Any]:
    """Say whether the run can be trusted, and what could not be judged."""
    notes = [{"level": "error", "message": {"text": line(report.reason, 400)}}] if not report.complete else []
    if report.weakness:
        notes.append({"level": "warning", "message": {"text": report.weakness}})
    for one in unjudged(report):
        text = f"{one.status} {line(one.entry.id)}: {line(reason(one), 400)}"
        notes.append({"level": "warning", "message": {"text": text}})
    return {
        "executionSuccessful": report.complete,
        "exitCode": report.exit_code,
        "toolExecutionNotifications": notes,
    }


def _level(must: bool) -> str:
    return "error" if must else "warning"


def _uri(path: str) -> str:
    return quote(line(path, _LONGEST_PATH))
