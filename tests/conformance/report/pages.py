"""Reads a page of ours as a browser would, as far as a test needs it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from html.parser import HTMLParser

VOID = {"meta", "link", "br", "wbr", "input"}


@dataclass
class Page(HTMLParser):
    """The elements of a page in order, each with its attributes, and the text within it."""

    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    islands: list[str] = field(default_factory=list)

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements, self.texts, self.open, self.comments, self.islands = [], [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attributes}))

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop() == tag, tag

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.texts.append(data)
        elif self.elements[-1][1].get("type") == "application/json":
            self.islands.append(data)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    @property
    def shape(self) -> list[tuple[str, tuple[str, ...]]]:
        """Everything but the words."""
        return [(tag, tuple(attributes)) for tag, attributes in self.elements]

    @property
    def text(self) -> str:
        """The words, white space collapsed."""
        return " ".join(" ".join(self.texts).split())

    @property
    def listed(self) -> set[str]:
        """The ids of the scenarios that the page's script builds when somebody opens their list."""
        lists = [value for value in map(json.loads, self.islands) if isinstance(value, list)]
        groups = [group for found in lists for group in found if isinstance(group, dict)]
        rows = {row["key"] for row in groups if "key" in row}
        return rows | {
            f"{group['base']}[{one['case']}]" if "case" in one else group["base"]
            for group in groups
            if "cases" in group
            for one in group["cases"]
        }

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of every element of a kind."""
        return [attributes for found, attributes in self.elements if found == tag]
