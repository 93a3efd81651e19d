"""The protocol as a site to read: pages made from `spec/`, the guides and the commands, built by Sphinx.

Each module gives the pages of one subject as Markdown, from values alone. Nothing here knows a message by name.

    messages, features, conversations, permissions, limits, probes, commands, guides → Markdown by path
    steps → what a step says and draws, diagram → the SVG of a conversation
    build → the HTML of all of them; manuals → the commands for `man`; both by run_sphinx
"""

from conformance.report.site.build import build_site
from conformance.report.site.pages import pages

__all__ = ["build_site", "pages"]
