from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from conformance.report.site.markdown import block, code, data, table, text
from conformance.report.text import visible
from tests.conformance.report.hostile import texts

READER = MarkdownIt("commonmark").enable("table")
ATTACKS = [
    "# heading",
    "1. one",
    "- a",
    "> b",
    "    code",
    "{raw}`x`",
    "(label)=",
    "[a](b)",
    "a\n\n```{include} /etc/passwd",
]


def inline(markdown: str) -> list[tuple[str, str]]:
    """The kinds and the text of what is in the only paragraph of a text."""
    blocks = READER.parse(markdown)
    assert [one.type for one in blocks] in (["paragraph_open", "inline", "paragraph_close"], [])
    return [(one.type, one.content) for two in blocks for one in two.children or ()]


@given(texts | st.sampled_from(ATTACKS))
def test_any_text_stays_text(value: str) -> None:
    found = inline(text(value))
    assert {kind for kind, _ in found} <= {"text", "text_special"}
    assert "".join(words for _, words in found) == visible(" ".join(value.split()))


@given(texts | st.sampled_from(ATTACKS))
def test_any_text_is_one_code_span(value: str) -> None:
    found = inline(code(value))
    if value.strip(" "):
        assert found == [("code_inline", visible(value))]
    else:
        assert [kind for kind, _ in found] == ["text"]


@given(texts | st.sampled_from(ATTACKS))
def test_any_text_is_one_code_block(value: str) -> None:
    found = READER.parse(block(value))
    assert [one.type for one in found] == ["fence"]
    assert found[0].content == "\n".join(map(visible, value.split("\n"))) + "\n"


@given(st.lists(texts, min_size=2, max_size=2))
def test_any_texts_are_cells_of_one_row(values: list[str]) -> None:
    found = READER.parse(table(["a", "b"], [[text(values[0]), code(values[1])]]))
    assert [one.type for one in found].count("td_open") == 2
    assert found[-1].type == "table_close"


@pytest.mark.parametrize(
    ("value", "shown"),
    [("hello", "`hello`"), (7, "`7`"), ({"a": None}, '`{"a": null}`'), ("", '`""`'), (" a", '`" a"`')],
)
def test_data_is_as_short_as_it_can_be(value: object, shown: str) -> None:
    assert data(value) == shown
