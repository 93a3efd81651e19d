"""Many servers side by side: a table of features and servers, as people quote it. Pure functions of recorded runs."""

from conformance.compare.matrix.model import Cell, Matrix, Row, Server, build_matrix
from conformance.compare.matrix.views import VIEWS, render_html, render_json, render_markdown, render_text

__all__ = [
    "VIEWS",
    "Cell",
    "Matrix",
    "Row",
    "Server",
    "build_matrix",
    "render_html",
    "render_json",
    "render_markdown",
    "render_text",
]
