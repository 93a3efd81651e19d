from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from conformance.report.site.conversations import conversation_pages
from conformance.report.site.names import message_page, rule_label, scenario_label, slug

if TYPE_CHECKING:
    from conformance.spec import Spec

EVIL = "a) ![](https://evil.example/b)\n```{include} /etc/passwd\n```"


@pytest.mark.parametrize("make", [slug, rule_label, lambda name: message_page("incoming", name)])
def test_an_address_has_letters_digits_and_hyphens(make: object) -> None:
    assert re.fullmatch(r"[A-Za-z0-9/-]+", make(EVIL))  # type: ignore[operator]


def test_a_file_of_a_spec_from_elsewhere_may_have_any_name(whole_spec: Spec) -> None:
    found = whole_spec.scenarios["edit-message.history-has-it"]
    evil = replace(found, file=found.file.parent / EVIL)
    assert re.fullmatch(r"[a-z-]+", scenario_label(evil))
    pages = dict(conversation_pages(replace(whole_spec, scenarios={evil.id: evil}), {}, "https://repository.example"))
    assert "](https://repository.example/spec/scenarios/04-edit-message/a%29%20%21%5B%5D%28https%3A" in "".join(
        pages.values()
    )
    assert "\n```{include}" not in "".join(pages.values())
