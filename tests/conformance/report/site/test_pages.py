from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from conformance.cli.main import _VERBS
from conformance.report.site.names import conversations_page, feature_page

if TYPE_CHECKING:
    from conformance.report.site.pages import Sources

LABEL = re.compile(r"^\((?P<label>[a-z0-9-]+)\)=$", re.MULTILINE)
TO_LABEL = re.compile(r"\]\(#([a-z0-9-]+)\)")
TO_PAGE = re.compile(r"\]\(/([^)#]+)\.md[)#]")
JSON = re.compile(r"^```json\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_every_message_feature_and_verb_has_a_page(sources: Sources, whole_site: dict[str, str]) -> None:
    spec = sources.spec
    wanted = {f"messages/incoming/{name}" for name in spec.incoming}
    wanted |= {f"messages/outgoing/{name}" for name in spec.outgoing}
    wanted |= {page(one) for one in spec.features.values() for page in (feature_page, conversations_page)}
    wanted |= {f"commands/{verb}" for verb in _VERBS}
    assert sorted(wanted - whole_site.keys()) == []


def test_every_link_leads_to_a_page_or_a_label(whole_site: dict[str, str]) -> None:
    labels = [label for page in whole_site.values() for label in LABEL.findall(page)]
    assert len(labels) == len(set(labels)) > 500
    for path, page in whole_site.items():
        assert sorted(set(TO_PAGE.findall(page)) - whole_site.keys()) == [], path
        if not path.startswith("guides/"):
            assert sorted(set(TO_LABEL.findall(page)) - set(labels)) == [], path


def test_every_rule_and_scenario_has_its_place(sources: Sources, whole_site: dict[str, str]) -> None:
    labels = {label for page in whole_site.values() for label in LABEL.findall(page)}
    assert [one for one in sources.spec.rules if f"rule-{one.lower()}" not in labels] == []
    bases = {(one.feature, one.base) for one in sources.spec.scenarios.values()}
    assert len([one for one in labels if one.startswith("scenario-")]) == len(bases)


@pytest.mark.parametrize("direction", ["incoming", "outgoing"])
def test_the_examples_of_a_message_are_whole_and_valid(
    direction: str, sources: Sources, whole_site: dict[str, str]
) -> None:
    for message in getattr(sources.spec, direction).values():
        page = whole_site[f"messages/{direction}/{message.type}"]
        shown = [json.loads(found) for found in JSON.findall(page)]
        assert shown == message.schema["examples"]
        assert [message.violations(one) for one in shown] == [[]] * len(shown)
        invalid = page.partition("## Invalid examples")[2].partition("\n## ")[0]
        assert invalid.count("\n| ") == len(message.schema["x-invalid-examples"]) + 2


def test_a_page_of_a_message_says_what_answers_it_and_who_gets_it(whole_site: dict[str, str]) -> None:
    request = whole_site["messages/incoming/EditMessage"]
    assert 'The sender gets [ActionConfirmed](/messages/outgoing/ActionConfirmed.md) with `{"action": ' in request
    assert "It causes [MessageEdited](/messages/outgoing/MessageEdited.md) for others" in request
    assert "## When the server refuses it" in request
    event = whole_site["messages/outgoing/MessageEdited"]
    assert "- [EDIT\\-1](#rule-edit-1): " in event
    assert (
        "- [EditMessage](/messages/incoming/EditMessage.md) causes it; `editor_id` is the user who sent the request."
        in event
    )
    assert "| `message_id` | Id \\(string\\) | yes | " in event


def test_a_page_of_a_message_says_its_limits_with_values_and_rules(whole_site: dict[str, str]) -> None:
    limits = whole_site["messages/incoming/SendMessage"].partition("## Limits")[2].partition("\n## ")[0]
    assert "| `content` | `4000` code points | `limits.content_max` | [SEND\\-7](#rule-send-7) |" in limits
    assert "| the frame | `65536` bytes of the frame | `limits.frame_bytes` | [CONN\\-6](#rule-conn-6) |" in limits
    assert "| how often | `60` in `60` s, of a user | `limits.messages_per_window`, `timers.rate_window` |" in limits
    assert "| how often | `600` in `60` s, of a user |" in whole_site["messages/incoming/FetchHistory"]
    assert "| how often |" not in whole_site["messages/incoming/Ping"]
    assert "| `messages` | `500` messages | `limits.sync_max` |" in whole_site["messages/outgoing/SyncChunk"]
    assert "## Limits" not in whole_site["messages/outgoing/Pong"]
    assert "[SendMessage](/messages/incoming/SendMessage.md) `content`" in whole_site["limits"]


def test_a_page_of_a_feature_has_its_rules_with_level_and_provenance(whole_site: dict[str, str]) -> None:
    page = whole_site["features/edit-message"]
    assert "(rule-edit-4)=\n## EDIT\\-4: must\n" in page
    assert "Provenance: " in page
    assert "](#scenario-edit-message--edit-message-history-has-it)" in page


def test_permissions_are_a_matrix(sources: Sources, whole_site: dict[str, str]) -> None:
    page = whole_site["permissions"]
    for role in (*sources.spec.protocol.roles, sources.spec.protocol.no_member):
        assert f"| `{role}` | " in page
    assert re.search(r"^\| `send-message` \| \[allowed\]\(#scenario-permissions--", page, re.MULTILINE)


def test_a_probe_says_why_it_matters(sources: Sources, whole_site: dict[str, str]) -> None:
    files = {one.scenario.base for one in sources.spec.probes.values()}
    assert whole_site["probes"].count("**Why it matters:** ") == len(files)


def test_every_case_of_a_scenario_is_in_a_table(sources: Sources, whole_site: dict[str, str]) -> None:
    text = "\n".join(whole_site.values())
    names = {one.id.partition("[")[2][:-1] for one in sources.spec.scenarios.values() if "[" in one.id}
    assert sorted(name for name in names if f"\n| `{name}` |" not in text) == []


def test_the_reference_of_a_verb_has_every_option(whole_site: dict[str, str]) -> None:
    page = whole_site["commands/docs"]
    assert "\n`--out PATH`\n: Write here instead\\. The site needs" in page
    assert "chat-parity docs [OPTIONS]" in page
    assert "\n`-h, --help`\n: " in page
    assert "```text\nExamples:\n  chat-parity docs  " in page
    assert "\n  --port PORT " in whole_site["commands/serve"]
    assert "## chat\\-parity history add" in whole_site["commands/history"]
