"""The views of a gate's decision: one line, and below it why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.compare.document import side
from conformance.compare.gate import CODES
from conformance.report.fences import cell
from conformance.report.text import as_json, line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.compare.gate import Decision, Reason
    from conformance.compare.model import Comparison

FORMAT = 1
MOST_SHOWN = 10
"""Reasons of one kind that are shown, unless all are asked for."""

_LONGEST = 600


def text(decision: Decision, _: Comparison, *, verbose: bool = False) -> str:
    """Give plain text: the decision in the first line, then reasons, then notes."""
    lines = [line(decision.line, _LONGEST)]
    lines += [f"  {one.kind:<10}  {line(one.sentence, _LONGEST)}" for one in _shown(decision, verbose)]
    lines += _more(decision, verbose)
    lines += [f"  note        {line(note, _LONGEST)}" for note in decision.notes]
    return "\n".join(lines) + "\n"


def markdown(decision: Decision, comparison: Comparison, *, verbose: bool = False) -> str:
    """Give a section for the summary of a step."""
    lines = [f"## {'✅' if decision.exit_code == 0 else '❌'} {cell(decision.line, _LONGEST)}", ""]
    lines += [f"{cell(comparison.old.name)} → {cell(comparison.new.name)}", ""]
    lines += [f"- **{one.kind}** {cell(one.sentence, _LONGEST)}" for one in _shown(decision, verbose)]
    lines += [f"- {more.strip()}" for more in _more(decision, verbose)]
    lines += [f"- note: {cell(note, _LONGEST)}" for note in decision.notes]
    return "\n".join(lines) + "\n"


def document(decision: Decision, comparison: Comparison, *, verbose: bool = True) -> str:
    """Give the decision for programs, as `spec/formats/gate.schema.json` describes it."""
    value: dict[str, Any] = {
        "format": FORMAT,
        "open": decision.exit_code == 0,
        "exit_code": decision.exit_code,
        "line": decision.line,
        "old": side(comparison.old),
        "new": side(comparison.new),
        "reasons": [{"kind": one.kind, "subject": one.subject, "sentence": one.sentence} for one in decision.reasons],
        "notes": list(decision.notes),
    }
    return as_json(value)


VIEWS = {"text": text, "markdown": markdown, "json": document}


def _shown(decision: Decision, verbose: bool) -> Iterator[Reason]:
    for kind in CODES:
        found = [one for one in decision.reasons if one.kind is kind]
        yield from found if verbose else found[:MOST_SHOWN]


def _more(decision: Decision, verbose: bool) -> list[str]:
    hidden = len(decision.reasons) - len(list(_shown(decision, verbose)))
    return [f"  … and {hidden} more; --verbose shows them"] if hidden else []
