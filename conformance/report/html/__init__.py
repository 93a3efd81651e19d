"""`parity.html`: one page that needs nothing but itself.

It asks for nothing from the network and allows nothing: its policy names its one style and its one script by their
hashes. Without the script everything is there, in `<details>`; the script adds filters and search.

    view → features, broken, scenarios, probes    plain values that templates show
    page → assets/*.html, *.css, *.js             what they look like: base.html is the page, parts.html its pieces
"""

from conformance.report.html.page import render

__all__ = ["render"]
