"""What the page shows of one scenario, or of a problem that one found: its words, and its transcript with marks."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from conformance.report.failures import ended_as, reason
from conformance.report.text import WIDEST, line, visible
from conformance.report.transcript import MOST_PROBLEMS, again, place, said, step, window
from conformance.report.transcript_lines import fault, offender, transcript_lines
from conformance.results.status import FAILING, UNJUDGED

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from conformance.report.transcript_lines import TranscriptLine
    from conformance.results.model import Entry, Problem, Result
    from conformance.results.runlog import RuleEntry, Run
    from conformance.results.verdict import JudgedScenario

MOST_LINES = 600
"""Lines of transcripts on one page, about 150 kB; what comes later is only pointed at."""

MOST_FRAMES = 120_000
"""Characters of frames as indented JSON on one page."""

LONGEST_FRAME = 4_000
"""The most characters of one frame as indented JSON."""

MOST_HIDDEN = 60
"""Lines of one transcript before and after those that are shown at once."""

LOG = "log"
"""Who says, in the only line of a transcript, that the log has left it out."""

LONGEST_ID = 400
LONGEST_SENTENCE = 1000


@dataclass(slots=True)
class Room:
    """How many lines of transcripts and characters of frames there is still room for on the page."""

    left: int = MOST_LINES
    frames: int = MOST_FRAMES

    def take(self, count: int) -> bool:
        """Take room for this many lines, or say that there is none."""
        if count > self.left:
            self.left = 0
            return False
        self.left -= count
        return True

    def frame(self, value: Mapping[str, Any] | None) -> str:
        """Give a frame as indented JSON with every character visible; empty if there is none, or no room for it."""
        text = "" if value is None else json.dumps(value, indent=2, ensure_ascii=False)
        if len(text) > min(self.frames, LONGEST_FRAME):
            return ""
        self.frames -= len(text)
        return "\n".join(map(visible, text.split("\n")))


@dataclass(frozen=True, slots=True)
class Marked:
    """One line of a transcript; `mark` says what is wrong with it, empty for nothing.

    `wire` is what was really on the wire, where the target's dialect lies between; `frame` is the whole frame as
    indented JSON, empty if it is none or too long.
    """

    line: TranscriptLine
    mark: str = ""
    wire: str = ""
    frame: str = ""


@dataclass(frozen=True, slots=True)
class Transcript:
    """A transcript in three parts, of which the middle is shown at once; `gone` lines are not on the page at all.

    `note` says why the log has none.
    """

    before: tuple[Marked, ...] = ()
    shown: tuple[Marked, ...] = ()
    after: tuple[Marked, ...] = ()
    gone: int = 0
    note: str = ""


@dataclass(frozen=True, slots=True)
class ProblemView:
    """One thing that went wrong: where, at which step, and what."""

    place: str
    step: str
    said: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ScenarioView:
    """One scenario; `key` is its whole id, of which `base` and `case` are the parts."""

    key: str
    base: str
    case: str
    title: str
    status: str
    levels: tuple[str, ...]
    rules: tuple[str, ...]
    place: str
    again: str
    milliseconds: str
    reason: str
    attempts: tuple[str, ...] = ()
    problems: tuple[ProblemView, ...] = ()
    more_problems: int = 0
    transcript: Transcript = field(default_factory=Transcript)


def scenario_view(scenario: JudgedScenario, run: Run, rules: Mapping[str, RuleEntry], room: Room) -> ScenarioView:
    """Show a scenario by the first attempt that ended as all together did."""
    entry = scenario.entry
    base, _, case = line(entry.id, LONGEST_ID).partition("[")
    alike = [result for result in scenario.results if ended_as(result.outcome, scenario.status)]
    shown = _of_result(alike[0], alike[0].problems[:MOST_PROBLEMS], run, room) if alike else Transcript()
    # Of many that say nothing of the server for one reason, the reason says it all.
    brief = scenario.status in UNJUDGED and not shown.shown
    problems = alike[0].problems if alike and not brief else ()
    levels = {rules[rule].level for rule in entry.rules if rule in rules}
    return ScenarioView(
        key=line(entry.id, LONGEST_ID),
        base=base,
        case=case.removesuffix("]"),
        title=line(entry.title, 400),
        status=scenario.status,
        levels=tuple(level for level in ("must", "should") if level in levels),
        rules=tuple(line(rule) for rule in entry.rules),
        place=f"{line(entry.file, LONGEST_ID)}:{entry.line}",
        again=again(entry.id, run),
        milliseconds=f"{scenario.seconds * 1000:,.0f} ms" if scenario.results else "",
        reason="" if scenario.status in FAILING else line(reason(scenario), 400),
        attempts=tuple(result.outcome for result in scenario.results) if len(scenario.results) > 1 else (),
        problems=tuple(_problem(problem, alike[0]) for problem in problems[:MOST_PROBLEMS]),
        more_problems=max(0, len(problems) - MOST_PROBLEMS),
        transcript=Transcript() if brief else shown,
    )


def problem_view(problem: Problem, result: Result, run: Run, room: Room) -> tuple[ProblemView, Transcript]:
    """Show one problem alone, with the transcript of the scenario that saw it."""
    return _problem(problem, result), _of_result(result, (problem,), run, room)


def transcript(entries: Sequence[Entry], names: Mapping[str, str], run: Run, room: Room) -> Transcript:
    """Show a whole transcript in which nothing is wrong."""
    some = entries[:MOST_HIDDEN]
    if not room.take(len(some)):
        return Transcript(gone=len(entries))
    lines = transcript_lines(some, names, run.header.spec.messages.discriminator)
    marked = [Marked(one, frame=room.frame(entry.frame)) for one, entry in zip(lines, some, strict=True)]
    return Transcript(shown=tuple(marked), gone=len(entries) - len(some))


def _problem(problem: Problem, result: Result) -> ProblemView:
    return ProblemView(place(problem), step(problem, result), tuple(said(problem, result)))


def _of_result(result: Result, problems: Sequence[Problem], run: Run, room: Room) -> Transcript:
    entries = result.transcript
    if len(entries) == 1 and entries[0].who == LOG:
        return Transcript(note=line(entries[0].text, 400))
    if not problems:
        return transcript(entries, result.names, run, room)
    marks = {index: fault(one) for one in reversed(problems) if (index := offender(one, entries)) is not None}
    start, end = window(min(marks, default=None), entries)
    end = min(max(end, max(marks, default=0) + 1), len(entries))
    first, last = max(0, start - MOST_HIDDEN), min(len(entries), end + MOST_HIDDEN)
    if not room.take(last - first):
        return Transcript(gone=len(entries))
    lines = transcript_lines(entries[first:last], result.names, run.header.spec.messages.discriminator)
    marked = [
        Marked(
            one,
            marks.get(index, ""),
            line(entries[index].wire, WIDEST) if index in marks else "",
            room.frame(entries[index].frame),
        )
        for index, one in enumerate(lines, first)
    ]
    return Transcript(
        before=tuple(marked[: start - first]),
        shown=tuple(marked[start - first : end - first]),
        after=tuple(marked[end - first :]),
        gone=len(entries) - len(marked),
    )
