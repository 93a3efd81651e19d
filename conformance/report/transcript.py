"""A failure as a person reads it: the rule's sentence, the step, the frames around the offender, how to run it again.

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
from typing import TYPE_CHECKING

from conformance.report.text import WIDEST, fit, line, named, payload, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from conformance.results import Entry, Problem, Result
    from conformance.runlog import Run

COLUMN = 73
"""Where the right-hand side of the first lines begins."""

BEFORE, AFTER = 9, 2
"""How many lines of the transcript are shown around the offending one."""

MOST_PROBLEMS = 5
"""Problems of one result that are shown; the rest is only counted."""

_LONGEST_MESSAGE = 600
_LONGEST_PATH = 400


def failure_text(result: Result, run: Run) -> str:
    """Show what went wrong in one result (whatever its outcome), then what it found of other rules."""
    blocks = [finding_text(result, finding, run) for finding in result.findings]
    if result.problems or not blocks:
        head = _head(str(result.outcome), result, result.rules, run)
        blocks.insert(0, _block(head, result, result.problems, run))
    return "\n\n".join(blocks)


def finding_text(result: Result, finding: Problem, run: Run, also: Sequence[str] = ()) -> str:
    """Show a problem charged to a rule that its scenario does not prove; `also` are other scenarios that saw it."""
    rules = (finding.rule,) if finding.rule else result.rules
    return _block(_head("FAIL", result, rules, run), result, (finding,), run, also)


def again(scenario: str, run: Run) -> str:
    """Give the command that plays one scenario against the same target."""
    target = run.header.target.place
    words = [scenario] if target is None else [target, scenario]
    return " ".join(["chat-parity run", *(shlex.quote(line(word, 300)) for word in words)])


def _block(head: list[str], result: Result, problems: Sequence[Problem], run: Run, also: Sequence[str] = ()) -> str:
    lines = list(head)
    for problem in problems[:MOST_PROBLEMS]:
        lines += _problem(problem, result) + _transcript(problem, result, run.header.spec.messages.discriminator)
    if len(problems) > MOST_PROBLEMS:
        lines.append(f"  … and {len(problems) - MOST_PROBLEMS} more problems")
    if also:
        lines.append(f"  Also in {fit(', '.join(map(line, also)), 200)}")
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
    where = line(problem.file, _LONGEST_PATH) + (f":{problem.line}" if problem.line else "")
    step = line(named(problem.step, result.names), 200)
    lines = [f"  {where}   {step}".rstrip()]
    if problem.message.strip() != problem.step.strip():
        message = named(problem.message[:_LONGEST_MESSAGE], result.names)
        lines += [f"    {visible(part)}".rstrip() for part in message.split("\n")]
    return lines


def _transcript(problem: Problem, result: Result, discriminator: str) -> list[str]:
    """Show the lines around the offender, or the last ones if nobody offends but something is missing."""
    entries = result.transcript
    offender = problem.entry if problem.entry is not None and 0 <= problem.entry < len(entries) else None
    middle = offender if offender is not None else len(entries) - 1
    start, end = max(0, middle - BEFORE), middle + AFTER + 1
    shown = entries[start:end]
    if not shown:
        return []
    moments = [f"{entry.at:.1f} ms" for entry in shown]
    time_width = max(len(moment) for moment in moments)
    who_width = max(len(line(entry.who, 24)) for entry in shown)
    parts = [_parts(entry, result.names, discriminator) for entry in shown]
    type_width = max(min(len(name), 24) for name, _ in parts)
    lines = [f"    … {start} earlier"] if start else []
    for index, (entry, moment, (name, content)) in enumerate(zip(shown, moments, parts, strict=True), start):
        what = f"{name.ljust(type_width)}  {content}" if name else content
        who = f"{line(entry.who, 24).ljust(who_width)} {line(entry.way)}"
        mark = f"     ← {_fault(problem)}" if index == offender else ""
        lines.append(f"    {moment.rjust(time_width)}  {who} {what}".rstrip() + mark)
    later = len(entries) - end
    return [*lines, f"    … {later} later"] if later > 0 else lines


def _parts(entry: Entry, names: Mapping[str, str], discriminator: str) -> tuple[str, str]:
    """Split a line of the transcript into the type of its frame, if it has one, and all the rest."""
    if entry.frame is None:
        return "", line(named(entry.text, names), WIDEST)
    kind = entry.frame.get(discriminator)
    if not isinstance(kind, str):
        return "", payload(entry.frame, names)
    return line(kind, 40), payload({key: item for key, item in entry.frame.items() if key != discriminator}, names)


def _fault(problem: Problem) -> str:
    # Without a step it is a frame that nobody asked for, unless it is charged to a rule by its schema.
    unasked = not problem.step and problem.rule is None
    return "not allowed" if unasked or problem.step.startswith("never") else "here"
