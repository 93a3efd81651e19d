"""The table of variants as a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.report.fences import cell, table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tests.variants.examine import Examination
    from tests.variants.registry import Variant

    Rows = Sequence[tuple[Variant, Examination]]


def figures(rows: Rows, mode: str, seconds: float) -> Iterator[tuple[str, str]]:
    """Name the figures as people read them."""
    yield "Variants", str(len(rows))
    yield "Passed", f"{sum(found.passed for _, found in rows)} of {len(rows)}"
    yield "Scenario runs", str(sum(found.ran for _, found in rows))
    yield "Scenarios that called a legal server wrong", str(sum(len(found.wrong) for _, found in rows))
    yield "Failed once and not again", str(sum(len(found.once) for _, found in rows))
    yield "Mode", f"{mode}, {seconds:.0f} s"


def markdown(rows: Rows, mode: str, seconds: float) -> Iterator[str]:
    """Give the lines of the page."""
    yield "# Legal differences, and what the suite says of them\n"
    yield from table(("", ""), figures(rows, mode, seconds))
    for title, name in (("Legal servers called wrong", "wrong"), ("Failed once and not again", "once")):
        found = [
            (one.name, scenario, why) for one, seen in rows for scenario, why in sorted(getattr(seen, name).items())
        ]
        if found:
            yield f"## {title}\n"
            yield from table(("Variant", "Scenario", "Why"), [[cell(text, 300) for text in row] for row in found])
    yield "## Variants\n"
    head = ("Variant", "Why it is legal", "Declares", "Verdict", "Scenarios")
    yield from table(head, [[cell(text, 300) for text in _row(*row)] for row in rows])


def _row(variant: Variant, found: Examination) -> tuple[str, ...]:
    declared = [
        f"{group}.{name} = {value}" for group, values in variant.profile.items() for name, value in values.items()
    ]
    if variant.instances == 1:
        declared.append("one instance")
    declared += [f"{rule} {'amber' if rule in found.amber else 'amber, not seen'}" for rule in variant.amber]
    verdict = "passed" if found.passed else found.problem or "FAILED"
    if found.kept:
        verdict += f": keeps {', '.join(found.kept)}"
    run = f"{found.ran} ({found.not_applicable} not applicable)" if found.not_applicable else str(found.ran)
    return variant.name, variant.sentence, ", ".join(declared) or "–", verdict, run
