"""Coverage as text, Markdown and JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.report.fences import cell, table
from conformance.report.text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conformance.coverage.model import Coverage, Item


def text(coverage: Coverage) -> str:
    """Give the figures, then what is missing with its reason; a line feed at the end."""
    return "\n".join(_lines(coverage)) + "\n"


def _lines(coverage: Coverage) -> Iterator[str]:
    yield f"Coverage of {visible(coverage.target)} · {visible(coverage.started)}"
    for note in coverage.notes:
        yield f"Note: {visible(note)}"
    yield ""
    width = max(len(part.name) for part in coverage.parts)
    for part in coverage.parts:
        yield f"{part.name:<{width}}  {part.figures}"
    for part in coverage.parts:
        if part.missing:
            yield from ("", f"Not covered: {part.name}")
            longest = max(len(visible(item.name)) for item in part.missing)
            for item in part.missing:
                yield f"  {visible(item.name):<{longest}}  {visible(_why(item))}"


def _why(item: Item) -> str:
    """Give the reason that the spec has for what is missing, then what the run says of it."""
    return f"{item.excuse.removesuffix('.')}; {item.reason}" if item.excuse else item.reason


def markdown(coverage: Coverage) -> str:
    """Give the same as a page."""
    lines = [f"# Coverage: {cell(coverage.target)}\n", f"{cell(coverage.started)}\n"]
    lines += [f"> {cell(note, 400)}\n" for note in coverage.notes]
    lines += table(("", "Covered"), [(part.name, part.figures) for part in coverage.parts])
    for part in coverage.parts:
        if part.missing:
            lines.append(f"## Not covered: {part.name}\n")
            lines += table(("", "Why"), [(cell(item.name), cell(_why(item), 300)) for item in part.missing])
    return "\n".join(lines)


def document(coverage: Coverage) -> dict[str, Any]:
    """Give the same as JSON."""
    return {
        "target": coverage.target,
        "started": coverage.started,
        "complete": coverage.complete,
        "traced": coverage.traced,
        "notes": list(coverage.notes),
        "parts": [
            {
                "name": part.name,
                "total": len(part.items),
                "covered": len(part.items) - len(part.missing),
                "missing": [{"name": item.name, "reason": item.reason, "excuse": item.excuse} for item in part.missing],
            }
            for part in coverage.parts
        ],
    }
