"""`parity.html`: one page that needs no other file.

It loads nothing from the network: its policy allows only its own style and script, by their hashes. Without the script
the page is complete, in `<details>`; the script adds filters and search.

    view → features, broken, scenarios, probes    plain values that templates show
    page → assets/*.html, *.css, *.js             what they look like: base.html is the page, parts.html its pieces
"""

from conformance.report.html.page import render

__all__ = ["render"]
