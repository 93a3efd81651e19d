"""A badge: how many features are OK, as an image, and as the JSON that shields.io draws one from."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from xml.etree.ElementTree import Element, SubElement, tostring

from conformance.report.text import plural
from conformance.results.verdict import Verdict

if TYPE_CHECKING:
    from conformance.report.model import Report
    from conformance.results.runlog import Run

LABEL = "chat parity"
_COLOURS = {0: "brightgreen", 1: "red", 3: "lightgrey"}
_HEX = {"brightgreen": "#2c7d32", "red": "#b3261e", "lightgrey": "#5f6368"}
"""Darker than shields.io's own, so that white letters on them can be read (at least 4.5 to 1)."""
_LETTER = 6.6
"""Pixels that an average letter of the badge takes; `textLength` makes it exact whatever font there is."""


def message(report: Report) -> str:
    """Give the text, such as `25 of 25 OK` or `2 of 2 selected OK`; an incomplete run gives no figure.

    What makes every verdict weaker is said behind the figure, because a badge is often all that somebody sees.
    """
    if not report.complete:
        return "not complete"
    if report.judged_nothing:
        return "no feature judged"
    if report.observed:
        broken = sum(row.judged.broken for row in report.features)
        return f"{plural(len(report.shown), 'feature')} observed" + (f", {broken} broken" if broken else "")
    selected = sum(row.judged.selected for row in report.features)
    of = f"{selected} selected" if selected < len(report.features) else f"{selected}"
    return f"{report.feature_counts[Verdict.OK]} of {of} OK" + (" (insecure)" if report.weakness else "")


def _colour(report: Report) -> str:
    return _COLOURS.get(3 if report.judged_nothing else report.exit_code, "lightgrey")


def endpoint(report: Report, _: Run | None = None) -> str:
    """Give the JSON of <https://shields.io/badges/endpoint-badge>."""
    colour = _colour(report)
    document = {"schemaVersion": 1, "label": LABEL, "message": message(report), "color": colour}
    return json.dumps(document | {"isError": report.exit_code != 0}, indent=2) + "\n"


def svg(report: Report, _: Run | None = None) -> str:
    """Draw it; it contains only our own words, nothing from the server."""
    said = message(report)
    widths = [round(len(text) * _LETTER) + 12 for text in (LABEL, said)]
    total = str(sum(widths))
    image = Element("svg", xmlns="http://www.w3.org/2000/svg", width=total, height="20", role="img")
    image.set("aria-label", f"{LABEL}: {said}")
    SubElement(image, "title").text = f"{LABEL}: {said}"
    colour = _HEX[_colour(report)]
    SubElement(image, "rect", width=total, height="20", rx="3", fill="#3c4043")
    SubElement(image, "rect", x=str(widths[0]), width=str(widths[1]), height="20", rx="3", fill=colour)
    SubElement(image, "rect", x=str(widths[0]), width="4", height="20", fill=colour)
    letters = SubElement(image, "g", {"fill": "#fff", "font-family": "Verdana,DejaVu Sans,sans-serif"})
    letters.set("font-size", "11")
    for text, start, width in ((LABEL, 0, widths[0]), (said, widths[0], widths[1])):
        SubElement(letters, "text", x=str(start + 6), y="14", textLength=str(width - 12)).text = text
    return tostring(image, encoding="unicode") + "\n"
