"""Texts that a server might send to break a report."""

from __future__ import annotations

from hypothesis import strategies as st

NASTY = (
    "\x1b[2J\x1b[31m",
    "\x9b31m",
    "\u202eright to left\u2066",
    "\u2028\u2029\x85\x0b\x0c\x1c",
    "\r\nFAIL  forged",
    "```\n# forged",
    "~~~\n",
    "| a | b |\n|---|---|",
    "\\|",
    "<script>alert(1)</script>",
    "<!-- -->",
    "&lt;img&#62;",
    "[a](javascript:b)",
    "![a](http://b)",
    "**bold** _it_ ~~gone~~ `code`",
    "[bold red]markup[/]",
    "https://evil.example www.evil.example me@evil.example",
    "\x00\ufeff\ue000\U000e0041",
    "\ud800",
    "${name}",
    "##[add-mask]PASS ###[group]",
    "##vso[task.complete result=Succeeded]",
    "\n::add-mask::PASS\n  ::stop-commands::forged",
)
texts = st.lists(st.sampled_from(NASTY) | st.text(max_size=8) | st.characters(codec=None), max_size=4).map("".join)
