"""The protocol as a website: pages from `spec/`, the guides and the commands, built by Sphinx.

Each module gives the pages of one subject as Markdown, without I/O. No module knows a message by name.

    messages, features, conversations, permissions, limits, probes, commands, guides → Markdown by path
    steps → the sentence and the drawing of a step; diagram → the SVG of a scenario
    build → the HTML of all of them; manuals → the commands for `man`; both by run_sphinx
"""

from conformance.report.site.build import build_site
from conformance.report.site.pages import pages

__all__ = ["build_site", "pages"]
