"""The matrix as pages: `mutants.md`, `mutants.html`, `mutants.json`."""

from __future__ import annotations

import json
from html import escape
from typing import TYPE_CHECKING, Any

from conformance.report.fences import cell, table
from conformance.report.text import line

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.faults.matrix import Matrix

MARKS = {"caught": "✔", "broken": "·", "survived": "✘", "also": "○", "": ""}
LEGEND = "✔ caught by a scenario of this rule · broken, and caught by another rule ✘ survived ○ a consequence"
STYLE = """
body { font: 14px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 100rem; padding: 0 1rem; color: #222 }
table { border-collapse: collapse } th, td { border: 1px solid #ccc; padding: 2px 6px; text-align: left }
.matrix { overflow: auto; max-height: 90vh } .matrix td { text-align: center; padding: 0 3px }
.matrix thead th { position: sticky; top: 0; background: #fff; writing-mode: vertical-rl; padding: 4px 1px }
.matrix tbody th { position: sticky; left: 0; background: #fff; font-weight: normal; white-space: nowrap }
.caught { background: #cfe8cf } .broken { background: #eef6ee } .survived { background: #f3b6b6 }
.also { background: #f4f0da } .bad { color: #a00; font-weight: bold }
"""


def write(matrix: Matrix, folder: Path) -> None:
    """Write all three."""
    folder.mkdir(parents=True, exist_ok=True)
    data = json.dumps(matrix.to_dict(), indent=1, ensure_ascii=False)
    (folder / "mutants.json").write_text(data + "\n", encoding="utf-8")
    (folder / "mutants.md").write_text("\n".join(markdown(matrix)), encoding="utf-8")
    (folder / "mutants.html").write_text("\n".join(html(matrix)), encoding="utf-8")


def figures(matrix: Matrix) -> Iterator[tuple[str, str]]:
    """Name the figures as people read them."""
    count = matrix.figures()
    yield "Faults", f"{count['faults']} of {count['registered']}"
    yield "Killed", f"{count['killed']} of {count['faults']}"
    yield "Survived", str(count["survived"])
    yield "Turned an unrelated feature red", str(count["unrelated_red"])
    if not matrix.mode.quick:
        yield "Say to break a rule of which nothing shows", str(count["overdrawn"])
    yield "Must rules with a fault", f"{count['must_rules_with_a_fault']} of {count['must_rules']}"
    unknown = "not known: not every scenario was run against every fault"
    unproven = count["unproven_scenarios"]
    yield "Scenarios that catch no fault", unknown if unproven is None else f"{unproven} of {count['scenarios']}"
    if count["unproven_cases"] is not None:
        yield "Cases that catch no fault", f"{count['unproven_cases']} of {count['cases']}"
    yield "Runs", f"{count['runs']}, of which {count['sentinel_runs']} of features that the fault does not touch"
    if matrix.knows_unproven:
        yield "Faults of other features before each quick scenario", f"at least {count['fewest_sentinel_runs']}"
    sentinels = matrix.mode.sentinels
    others = "all others" if sentinels is None else f"{sentinels} of each other feature"
    aimed = "until the first catch" if matrix.mode.quick else "every scenario of the broken rules"
    yield "Mode", f"{aimed}, {others}, seed {matrix.mode.seed}, turn {matrix.mode.turn}, {matrix.seconds:.0f} s"


def markdown(matrix: Matrix) -> Iterator[str]:
    """Give the lines of the Markdown page."""
    yield "# Faults and what catches them\n"
    yield from table(("", ""), figures(matrix))
    for title, head, rows in _lists(matrix):
        if rows:
            yield f"## {title}\n"
            yield from table(head, [[cell(text, 300) for text in row] for row in rows])
    yield "## Rules\n"
    yield f"{LEGEND}\n"
    rules = []
    for rule in matrix.spec.rules.values():
        faults = [f"{MARKS[word]} {cell(row.fault.name)}" for row, word in matrix.of_rule(rule.id)]
        rules.append((rule.id, rule.level, ", ".join(faults) or "–"))
    yield from table(("Rule", "Level", "Faults"), rules)
    yield "## Faults\n"
    rows = [_fault_row(row) for row in matrix.rows]
    yield from table(
        ("Fault", "Wrong", "Breaks", "Verdict", "Caught by"), [[cell(x, 300) for x in one] for one in rows]
    )


def _fault_row(row: Any) -> tuple[str, ...]:
    catches = row.found.catches
    caught = f"{catches[0]} (of {len(catches)})" if catches else "–"
    return row.fault.name, row.fault.sentence, ", ".join(row.fault.breaks), row.verdict, caught


def _lists(matrix: Matrix) -> Iterator[tuple[str, tuple[str, ...], list[tuple[str, ...]]]]:
    """Give what asks for work: a title, a head and rows each."""
    survivors = [
        (row.fault.name, row.fault.sentence, ", ".join(row.fault.breaks), row.found.problem) for row in matrix.survivors
    ]
    yield "Survivors", ("Fault", "Wrong", "Breaks", "Problem"), survivors
    overdrawn = [(row.fault.name, ", ".join(row.uncaught)) for row in matrix.overdrawn]
    yield "Rules said to be broken of which nothing shows", ("Fault", "Rules"), overdrawn
    red = [(row.fault.name, *item) for row in matrix.unrelated for item in row.found.unrelated.items()]
    yield "Unrelated features turned red", ("Fault", "Scenario", "Why"), red
    amber = [(row.fault.name, scenario) for row in matrix.rows for scenario in row.found.amber]
    yield "Unrelated should rules that failed", ("Fault", "Scenario"), amber
    once = [(row.fault.name, scenario) for row in matrix.rows for scenario in row.found.once]
    yield "Failed once and not again", ("Fault", "Scenario"), once
    unproven = [(name,) for name in matrix.unproven_scenarios] if matrix.knows_unproven else []
    yield "Scenarios that catch no fault", ("Scenario",), unproven
    cases = [(name,) for name in matrix.unproven] if matrix.knows_unproven else []
    yield "Cases that catch no fault", ("Case",), cases


def html(matrix: Matrix) -> Iterator[str]:
    """Give the lines of the one self-contained page."""
    yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>Faults</title><style>{STYLE}</style>'
    yield "<h1>Faults and what catches them</h1>"
    yield from _html_table((), figures(matrix))
    for title, head, rows in _lists(matrix):
        if rows:
            yield f'<h2 class="bad">{escape(title)} ({len(rows)})</h2>'
            yield from _html_table(head, rows)
    yield f'<h2>Faults and rules</h2><p>{escape(LEGEND)}</p><div class="matrix"><table><thead><tr><th></th>'
    rules = [rule for rule in matrix.spec.rules.values() if any(matrix.cell(row, rule.id) for row in matrix.rows)]
    yield "".join(f'<th title="{escape(rule.sentence)}">{escape(rule.id)}</th>' for rule in rules)
    yield "</tr></thead><tbody>"
    for row in matrix.rows:
        words = [matrix.cell(row, rule.id) for rule in rules]
        cells = "".join(f'<td class="{word}">{MARKS[word]}</td>' if word else "<td></td>" for word in words)
        title = escape(f"{row.fault.sentence} {row.verdict}: {', '.join(row.found.catches[:5])}")
        mark = ' class="bad"' if not row.found.killed else ""
        yield f'<tr><th title="{title}"{mark}>{escape(row.fault.name)}</th>{cells}</tr>'
    yield "</tbody></table></div><h2>Faults</h2>"
    yield from _html_table(("Fault", "Wrong", "Breaks", "Verdict", "Caught by"), map(_fault_row, matrix.rows))
    yield "</html>\n"


def _html_table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    yield "<table>"
    if head:
        yield "<tr>" + "".join(f"<th>{escape(text)}</th>" for text in head) + "</tr>"
    for row in rows:
        yield "<tr>" + "".join(f"<td>{escape(line(text, 400))}</td>" for text in row) + "</tr>"
    yield "</table>"
