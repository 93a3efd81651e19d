"""Groups failures by what probably causes them: the request, the expectation that fails after it, and what came."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from conformance.report.failures import first_failure
from conformance.report.text import line, plural
from conformance.report.wording import and_list, expectation, message_of
from conformance.results.causes import cause_of
from conformance.results.exchange import exchange_of
from conformance.results.verdict import RED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.report.model import Report
    from conformance.results.model import Problem, Result
    from conformance.results.runlog import Run

MOST = 30
"""Causes that a view lists; of more it gives the number."""

MOST_RULES = 4
"""Rules that are named with a cause; the others are counted."""

FEWEST = 2
"""Failures that are worth a list of causes: one that is shown alone is its own cause."""

NEAREST = "; the nearest differs: "
"""What stands in a message before the difference between the nearest frame and the expected one."""

ANY = "*"
"""The message type of a step that forbids every frame."""


class _Sign(NamedTuple):
    """What failures of one cause have in common."""

    request: str
    expected: str
    came: tuple[str, ...]
    detail: str
    rule: str


class _Failure(NamedTuple):
    sign: _Sign
    problem: Problem
    result: Result
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LikelyCause:
    """Failures with one probable cause: what they have in common, and the shortest scenario that shows it.

    `headline` is one visible line, `example` the message of that scenario, and `title` what it is about; a finding has
    no title, as its scenario is about something else. `direct`: the request that fails belongs
    to the feature of a failing scenario, so that the cause lies there. `found`: only scenarios of other rules saw it.
    """

    headline: str
    example: str
    title: str
    scenario: str
    scenarios: tuple[str, ...]
    rules: tuple[str, ...]
    must: bool
    direct: bool
    found: bool


def likely_causes(report: Report, run: Run) -> tuple[LikelyCause, ...]:
    """Give the causes of the failures that no waiver covers: must rules first, then the most direct and frequent.

    There are none where fewer than `FEWEST` failures are shown.
    """
    groups: dict[_Sign, list[_Failure]] = defaultdict(list)
    for failure in _together([*_failures(report, run), *_findings(report, run)]):
        groups[failure.sign].append(failure)
    # A finding is shown once, however many scenarios saw it.
    if sum(1 if sign.rule else len(group) for sign, group in groups.items()) < FEWEST:
        return ()
    musts = {row.entry.id for row in report.rules if row.entry.level == "must"}
    titles = {one.entry.id: one.entry.title for one in report.scenarios}
    causes = [_cause(group, musts, titles, run) for group in groups.values()]
    return tuple(sorted(causes, key=lambda one: (not one.must, one.found, not one.direct, -len(one.scenarios))))


def _failures(report: Report, run: Run) -> Iterator[_Failure]:
    for scenario in report.scenarios:
        if scenario.status in RED and (first := first_failure(scenario)) is not None:
            result, problem = first
            problem = _with_exchange(problem, result, run)
            yield _Failure(_sign(problem), problem, result, scenario.entry.rules)


def _findings(report: Report, run: Run) -> Iterator[_Failure]:
    for row in report.rules:
        for charge in row.charges:
            if not charge.waived:
                problem = _with_exchange(charge.finding, charge.result, run)
                sign = _Sign("", "", (), cause_of(problem), row.entry.id)
                yield _Failure(sign, problem, charge.result, (row.entry.id,))


def _with_exchange(problem: Problem, result: Result, run: Run) -> Problem:
    """Add the exchange to a problem of a log that does not have it."""
    if problem.request or not result.transcript:
        return problem
    exchange = exchange_of(problem, result.transcript, run.header.spec.messages.discriminator)
    return replace(problem, request=exchange.request, came=exchange.came)


def _sign(problem: Problem) -> _Sign:
    verb, kind = expectation(problem)
    detail = cause_of(problem)
    if verb == "never":
        kind = problem.came[0] if kind == ANY and problem.came else kind
        return _Sign(problem.request, f"never {kind}", (), "", "")
    if verb and kind in problem.came:
        return _Sign(problem.request, kind, (), detail.partition(NEAREST)[2] or detail, "")
    if verb and detail.startswith(("no ", "expected ")):
        # A frame that came before the request is only the nearest by its type: it says nothing of this failure.
        return _Sign(problem.request, kind, tuple(sorted(problem.came)), "", "")
    return _Sign(problem.request, "", (), detail, "")


def _together(failures: list[_Failure]) -> Iterator[_Failure]:
    """Put a failure whose request is unknown to those that say the same, if these have one cause."""
    known: dict[str, set[_Sign]] = defaultdict(set)
    for one in failures:
        if one.sign.request:
            known[cause_of(one.problem)].add(one.sign)
    for one in failures:
        alike = known[cause_of(one.problem)]
        unknown = not one.sign.request and not one.sign.rule and len(alike) == 1
        yield one._replace(sign=next(iter(alike))) if unknown else one


def _cause(group: list[_Failure], musts: set[str], titles: Mapping[str, str], run: Run) -> LikelyCause:
    sign = group[0].sign
    incoming = run.header.spec.messages.incoming.get(sign.request, ())
    direct = [one for one in group if one.result.feature in incoming]
    shown = min(direct or group, key=lambda one: (len(one.result.transcript) < 2, len(one.result.transcript)))
    rules = tuple(dict.fromkeys(rule for one in group for rule in one.rules))
    return LikelyCause(
        headline=line(_headline(sign), 200),
        example=line(message_of(shown.problem), 300),
        title="" if sign.rule else line(titles.get(shown.result.scenario, ""), 200),
        scenario=shown.result.scenario,
        scenarios=tuple(dict.fromkeys(one.result.scenario for one in group)),
        rules=rules,
        must=not musts.isdisjoint(rules),
        direct=bool(direct),
        found=bool(sign.rule),
    )


def _headline(sign: _Sign) -> str:
    if sign.expected.startswith("never "):
        said = f"{sign.expected.removeprefix('never ')} comes where it must not"
    elif sign.expected and sign.detail:
        said = f"{sign.expected} is not as expected: {sign.detail}"
    elif sign.expected and sign.came:
        said = f"{and_list(sign.came)} instead of {sign.expected}"
    elif sign.expected:
        said = f"no {sign.expected} came"
    else:
        said = _nameless(sign.detail)
    return f"{sign.request}: {said}" if sign.request else said


def _nameless(cause: str) -> str:
    """Give a cause with `a client` in place of the name that was taken out of its beginning."""
    cause = cause.replace(" at …", "")
    return cause.replace("…", "a client", 1) if cause.startswith("…") else cause


def counted(cause: LikelyCause) -> str:
    """Give `8 scenarios, 4 rules`."""
    return f"{plural(len(cause.scenarios), 'scenario')}, {plural(len(cause.rules), 'rule')}"


def named_rules(rules: Iterable[str]) -> str:
    """Name the first rules, and count the others."""
    some = [line(rule) for rule in rules]
    more = [f"and {len(some) - MOST_RULES} more"] if len(some) > MOST_RULES else []
    return ", ".join([*some[:MOST_RULES], *more])
