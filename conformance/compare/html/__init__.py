"""`parity.html` of two runs side by side: one page that needs nothing but itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.compare.html.view import comparison_view
from conformance.report.html.page import fill

if TYPE_CHECKING:
    from conformance.compare.align import Alignment
    from conformance.compare.model import Comparison


def render_comparison(comparison: Comparison, alignment: Alignment | None = None) -> str:
    """Give the whole page of two runs side by side; `alignment` is a scenario to show line by line."""
    return fill("comparison.html", "comparison.js", page=comparison_view(comparison, alignment))
