"""`parity.html`: one page that needs no other file.

It loads nothing from the network: its policy allows only its own style and script, by their hashes. Without the script
the page has its tables and all that failed, in `<details>`. The script builds the lists of scenarios on demand, from
JSON inside the page, and adds filters, search and copying.

    view → features, broken, scenarios, probes    plain values that templates show
    islands → report.js                           the JSON that lists are built from
    page → assets/*.html, *.css, *.js             what they look like: base.html is the page, parts.html its pieces
"""

from conformance.report.html.page import render

__all__ = ["render"]
