"""A failure in full: the rule's sentence, the step, the frames around the offender, and the command to run it again.

```text
FAIL  edit.non-owner-refused                                             must · EDIT-2
      "Only the author may edit."                                        spec/rules/04-edit.yaml:9
  spec/scenarios/04-edit/non-owner-refused.yaml:27   never Edited at alice, bob
    0.0 ms  bob   → Edit    {id: ⟨message⟩, text: "forged"}
    1.9 ms  bob   ← Error   {code: "forbidden"}
    3.1 ms  alice ← Edited  {id: ⟨message⟩, text: "forged"}     ← not allowed
  Again:  chat-parity run edit.non-owner-refused
```
"""

from __future__ import annotations

import shlex
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING

from conformance.report.text import WIDEST, at_line_start, fit, line, named, visible
from conformance.report.transcript_lines import aligned, fault, offender, transcript_lines
from conformance.report.wording import message_of
from conformance.results.exchange import OWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from conformance.results.model import Entry, Problem, Result
    from conformance.results.runlog import Run

COLUMN = 73
"""Where the right-hand side of the first lines begins."""

BEFORE, AFTER = 9, 2
"""Lines of the transcript that are shown around the offending one."""

MOST_PROBLEMS = 5
"""The most problems of one result that are shown; the rest is only counted."""

NAMED = 3
"""The most other scenarios that are named; more are counted."""

_LONGEST_MESSAGE = 600
_LONGEST_PATH = 400
_LONGEST_COMMAND = 100_000

_WITH_VALUE = ("--spec", "--time-scale")


def failure_text(result: Result, run: Run) -> str:
    """Show the problems of one result (whatever its outcome), then its findings about other rules."""
    blocks = [finding_text(result, finding, run) for finding in result.findings]
    if result.problems or not blocks:
        head = _head(str(result.outcome), result, result.rules, run)
        blocks.insert(0, _block(head, result, result.problems, run))
    return "\n\n".join(blocks)


def brief_text(result: Result, run: Run, shown: str = "") -> str:
    """Show the problems of one result without its transcript; `shown` is a scenario that ended alike and has one."""
    lines = _head(str(result.outcome), result, result.rules, run)[:1]
    for problem in result.problems[:1]:
        lines += _problem(problem, result)
    if shown:
        lines.append(f"  The same in {line(shown)}, which is shown in full")
    return "\n".join([*lines, f"  Again:  {again(result.scenario, run)}"])


def finding_text(
    result: Result, finding: Problem, run: Run, also: Sequence[str] = (), count: int = 1, *, full: bool = True
) -> str:
    """Show a problem charged to a rule that its scenario does not prove.

    `also` has other scenarios with the same finding, and `count` is the number of frames in all of them. Without `full`
    there is no transcript.
    """
    rules = (finding.rule,) if finding.rule else result.rules
    shown = result if full else replace(result, transcript=())
    return _block(_head("FAIL", result, rules, run), shown, (finding,), run, seen_also(also, count))


def seen_also(also: Sequence[str], count: int) -> str:
    """Say in how many other scenarios a problem was seen, and name some of them."""
    if not also:
        return ""
    times = f"{count} times, " if count > len(also) + 1 else ""
    others = f"{len(also)} others: " if len(also) > NAMED else ""
    return f"{times}also in {others}{fit(', '.join(map(line, also)), 200)}"


def again(scenario: str, run: Run) -> str:
    """Give the command that runs one scenario as the run did; for observed traffic, the one that observed it."""
    if run.header.observed:
        return run.header.command
    target = run.header.target.place
    words = [*([] if target is None else [target]), scenario, *_taken_along(run.header.command)]
    return " ".join(["chat-parity run", *(shlex.quote(line(word, 300)) for word in words)])


@lru_cache(maxsize=8)
def _taken_along(command: str) -> tuple[str, ...]:
    """Give the options of a run's command that one scenario needs, too; none if the log's command cannot be read.

    These are the consent to a protected target, the spec folder, and the time scale.
    """
    try:
        words = shlex.split(command) if len(command) <= _LONGEST_COMMAND else []
    except ValueError:
        return ()
    found: list[str] = []
    for word, value in pairwise([*words, ""]):
        if word in _WITH_VALUE:
            found += [word, value]
        elif word == "--yes" or word.partition("=")[0] in _WITH_VALUE:
            found.append(word)
    return tuple(found)


def _block(head: list[str], result: Result, problems: Sequence[Problem], run: Run, also: str = "") -> str:
    lines = list(head)
    for problem in problems[:MOST_PROBLEMS]:
        lines += _problem(problem, result) + _transcript(problem, result, run.header.spec.messages.discriminator)
    if len(problems) > MOST_PROBLEMS:
        lines.append(f"  … and {len(problems) - MOST_PROBLEMS} more problems")
    if also:
        lines.append(f"  {also[:1].upper()}{also[1:]}")
    return "\n".join([*lines, f"  Again:  {again(result.scenario, run)}"])


def _head(word: str, result: Result, rules: Iterable[str], run: Run) -> list[str]:
    """Say what failed, and the sentence of each rule that fails with it."""
    known = {rule.id: rule for rule in run.header.spec.rules}
    entries = [known[rule] for rule in rules if rule in known]
    attempt = f"  (attempt {result.attempt})" if result.attempt > 1 else ""
    names = ", ".join(line(rule) for rule in rules)
    levels = [*dict.fromkeys(entry.level for entry in entries), names]
    lines = [_two(f"{word}  {line(result.scenario)}{attempt}", " · ".join(levels))]
    lines += [
        _two(f'      "{line(entry.sentence, 400)}"', f"{line(entry.file, _LONGEST_PATH)}:{entry.line}")
        for entry in entries
    ]
    return lines


def _two(left: str, right: str) -> str:
    return f"{left.ljust(COLUMN - 2)}  {right}".rstrip()


def _problem(problem: Problem, result: Result) -> list[str]:
    lines = [f"  {place(problem)}   {step(problem, result)}".rstrip()]
    return lines + [f"    {text}".rstrip() for text in said(problem, result)]


def place(problem: Problem) -> str:
    """Give `file:line` of a problem."""
    return line(problem.file, _LONGEST_PATH) + (f":{problem.line}" if problem.line else "")


def step(problem: Problem, result: Result) -> str:
    """Give the step where a problem was noticed."""
    return line(named(problem.step, result.names), 200)


def said(problem: Problem, result: Result) -> list[str]:
    """Give the problem, line by line; nothing if the step says it already."""
    if problem.message.strip() == problem.step.strip():
        return []
    text = named(message_of(problem)[:_LONGEST_MESSAGE], result.names)
    return [at_line_start(visible(one)) for one in text.split("\n")]


def _transcript(problem: Problem, result: Result, discriminator: str) -> list[str]:
    """Show the lines around the offending frame, or those after the last request if something is missing."""
    offending = offender(problem, result.transcript)
    kept = [index for index, one in enumerate(result.transcript) if index == offending or not _own(one)]
    entries = [result.transcript[index] for index in kept]  # Our own pings and barriers would hide the relevant lines.
    marked = None if offending is None else kept.index(offending)
    start, end = window(marked, entries)
    lines = [f"    … {start} earlier"] if start else []
    for index, text in enumerate(aligned(transcript_lines(entries[start:end], result.names, discriminator)), start):
        mark = f"     ← {fault(problem)}" if index == marked else ""
        lines.append(f"    {text}".rstrip() + mark)
        if index == marked and entries[index].wire:
            lines.append(f"      on the wire: {line(entries[index].wire, WIDEST)}")
    later = len(entries) - end
    return [*lines, f"    … {later} later"] if later > 0 else lines


def _own(entry: Entry) -> bool:
    return entry.way == "→" and entry.text.endswith(OWN)


def window(marked: int | None, entries: Sequence[Entry]) -> tuple[int, int]:
    """Give the slice of a transcript that is shown: around the marked line, or what came after the last request.

    The end of a transcript shows only how we close the connections.
    """
    if marked is not None:
        return max(0, marked - BEFORE), marked + AFTER + 1
    requests = (index for index, one in enumerate(entries) if one.way == "→" and not _own(one))
    last = max(requests, default=len(entries) - 1)
    end = min(len(entries), last + BEFORE)
    return max(0, end - BEFORE - AFTER - 1), end
