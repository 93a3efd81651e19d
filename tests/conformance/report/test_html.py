"""The page as a document; what it does in a browser is in `browser/`."""

from __future__ import annotations

import base64
import hashlib
import itertools
import re
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest
from hypothesis import given, settings

from conformance.report import build
from conformance.report.html import render, scenarios
from conformance.results.model import Outcome
from tests.conformance.report import hostile, runs, toys
from tests.conformance.report.pages import Page
from tests.examples import examples

if TYPE_CHECKING:
    from conformance.results.runlog import Run


def html(run: Run) -> str:
    return render(build(run), run)


def page(run: Run) -> Page:
    return Page(html(run))


@pytest.fixture(scope="module")
def mixed() -> Page:
    return page(runs.mixed())


class TestPolicy:
    """One style, one script, nothing else, and nothing from anywhere."""

    def test_allows_the_one_style_and_the_one_script_by_their_hashes(self) -> None:
        text = html(runs.mixed())
        (policy,) = [meta["content"] for meta in Page(text).all("meta") if "http-equiv" in meta]
        directives = dict(part.strip().split(" ", 1) for part in policy.split(";"))
        assert directives["default-src"] == "'none'"
        assert "unsafe" not in policy
        for tag, directive in (("style", "style-src"), ("script", "script-src")):
            (content,) = re.findall(rf"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
            digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
            assert directives[directive] == f"'sha256-{digest}'"

    @pytest.mark.parametrize("kind", runs.KINDS)
    def test_is_not_met_by_any_element(self, kind: str) -> None:
        found = page(runs.KINDS[kind])
        for _, attributes in found.elements:
            assert not [name for name in attributes if name == "style" or name.startswith("on") or name == "src"]
            assert attributes.get("href", "#").startswith(("#", "data:,"))
        assert not {"iframe", "object", "embed", "base", "img"} & {tag for tag, _ in found.elements}
        assert found.comments == []


class TestShape:
    @pytest.mark.parametrize("kind", runs.KINDS)
    def test_every_link_leads_somewhere_and_every_id_is_there_once(self, kind: str) -> None:
        found = page(runs.KINDS[kind])
        ids = [attributes["id"] for _, attributes in found.elements if "id" in attributes]
        assert len(ids) == len(set(ids))
        links = {unquote(link["href"][1:]) for link in found.all("a") if "href" in link}
        assert links <= set(ids) | found.listed
        assert found.open == []

    @settings(deadline=None, max_examples=examples(100))
    @given(hostile.texts)
    def test_stays_whatever_a_server_sends(self, text: str) -> None:
        harmless = "x" + "\nx" * text.count("\n")  # a message of several lines is shown as several
        assert page(runs.hostile(f"x{text}")).shape == page(runs.hostile(harmless)).shape

    @pytest.mark.parametrize("text", ["</script><script>alert(1)</script>", "<!--", "' onclick=x", '"><b>', "&lt;"])
    def test_shows_markup_as_the_text_that_it_is(self, text: str) -> None:
        assert text in page(runs.hostile(text)).text

    def test_has_landmarks_headings_in_order_and_heads_of_tables(self, mixed: Page) -> None:
        tags = [tag for tag, _ in mixed.elements]
        assert {"header", "nav", "main", "footer"} <= set(tags)
        assert tags.count("h1") == 1
        levels = [int(tag[1]) for tag in tags if re.fullmatch("h[1-6]", tag)]
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))
        assert all(head.get("scope") in ("col", "row") for head in mixed.all("th"))
        assert mixed.all("html") == [{"lang": "en"}]

    def test_every_sign_has_its_word(self, mixed: Page) -> None:
        badges = [attributes["class"] for tag, attributes in mixed.elements if "badge" in attributes.get("class", "")]
        assert len(badges) > 20
        for word in ("FAIL", "PASS", "BLOCKED", "UNTESTABLE", "BROKEN", "NOT APPLICABLE"):
            assert any(f"is-{word.lower().replace(' ', '-')}" in one for one in badges)
            assert word in mixed.text


class TestContent:
    def test_has_a_row_for_each_feature_with_its_counts(self, mixed: Page) -> None:
        assert "4 Editing 0 of 3 must rules" in mixed.text
        assert "✕ FAIL amber 0 /3 0 /1 5" in mixed.text

    def test_shows_failures_first_must_rules_before_should_rules(self, mixed: Page) -> None:
        text = mixed.text
        places = [
            "Failures must EDIT-2",
            "must FORM-1",
            "should EDIT-3",
            "Could not be judged",
            "Scenarios Transcripts",
        ]
        assert [text.index(words) for words in places] == sorted(text.index(words) for words in places)

    def test_shows_the_sentence_the_step_the_message_and_the_command(self, mixed: Page) -> None:
        assert "The sentence of EDIT-2." in mixed.text
        assert "spec/scenarios/edit.no.yaml:27 never Edited at alice, bob" in mixed.text
        assert "Again chat-parity run targets/toy.yaml edit.fails" in mixed.text

    def test_marks_the_offending_frame_and_names_ids(self, mixed: Page) -> None:
        assert '3.1 ms alice ← Edited {id: ⟨message⟩, text: "forged"} ← not allowed' in mixed.text
        assert '0.0 ms bob → Edit {id: ⟨message⟩, text: "forged"} 1.9 ms bob' in mixed.text
        bad = [one for one in mixed.all("span") if one.get("class") == "w bad"]
        assert len(bad) == 2  # and the one of the finding

    def test_a_finding_shows_where_it_was_found(self, mixed: Page) -> None:
        assert "FORM-1 The sentence of FORM-1." in mixed.text
        assert "found in edit.passes" in mixed.text

    def test_draws_a_table_of_the_spec_with_links_to_its_scenarios(self, mixed: Page) -> None:
        assert "Who may Drawn from spec/who-may.yaml" in mixed.text
        assert "owner reader edit ✓ allowed PASS ≠ refused FLAKY" in mixed.text

    def test_says_what_could_not_be_judged_and_why(self, mixed: Page) -> None:
        assert "‖ BLOCKED edit.blocked is BLOCKED 1 edit.blocked" in mixed.text

    def test_has_the_probes_with_why_they_bite(self, mixed: Page) -> None:
        assert "Does it echo? yes It shows twice." in mixed.text

    def test_says_that_a_run_is_not_complete(self) -> None:
        assert "Not complete: interrupted." in page(runs.stopped()).text
        assert "Not complete" not in page(runs.good()).text

    def test_counts_what_was_not_selected_and_does_not_list_it(self, mixed: Page) -> None:
        assert "1 scenario of the spec were not selected" in mixed.text
        assert "never-run" not in mixed.text

    def test_lists_what_the_target_calls_otherwise_and_shows_what_was_on_the_wire(self, mixed: Page) -> None:
        found = page(runs.translated()).text
        assert "types.Edited Edited message_changed used envelope no envelope data never used" in found
        assert 'on the wire: {"t": "message_changed"}' in found
        assert "Differences from the protocol" not in mixed.text

    def test_names_the_flaky(self, mixed: Page) -> None:
        assert "edit.fails : FAIL, PASS" in mixed.text


class TestSize:
    def test_of_a_whole_protocol_is_a_few_megabytes(self) -> None:
        entries = tuple(toys.scenario(f"edit.s{n % 300}[case-{n}]", ("M-1",)) for n in range(1500))
        failed = toys.forged("x" * 500).results[0]
        transcript = failed.transcript * 20
        results = [toys.result(one, Outcome.FAIL, transcript=transcript, names=failed.names) for one in entries]
        text = html(toys.run(toys.header((toys.rule("M-1"),), entries), *results))
        assert 1_000_000 < len(text.encode()) < 5_000_000
        assert "60 lines of the transcript left out here" in text

    def test_gives_failures_the_room_for_transcripts_before_what_passed(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(scenarios, "MOST_LINES", 4)
        monkeypatch.setattr(scenarios.Room.__init__, "__defaults__", (4, scenarios.MOST_FRAMES))
        run = toys.forged()
        first = toys.scenario("a.passes", ("EDIT-2",))
        header = replace(run.header, spec=replace(run.header.spec, scenarios=(first, *run.header.spec.scenarios)))
        passed = toys.result(first, transcript=run.results[0].transcript)
        found = page(replace(run, header=header, results=(passed, *run.results)))
        assert "← not allowed" in found.text
        assert any('"wire":{"gone":3}' in one for one in found.islands)


class TestTheHeadline:
    def test_of_a_narrowed_run_counts_what_was_selected(self) -> None:
        text = html(runs.narrowed())
        assert '<p class="headline exit-0">1 of 1 selected features OK</p>' in text
        assert "1 of 3 scenarios, of Editing" in text
        assert "Dropping" not in text.partition('id="features"')[2].partition("</table>")[0]

    def test_of_a_narrowed_run_counts_no_rule_that_was_judged_in_part(self) -> None:
        entries = (toys.scenario("toy.a", ("M-1",)), toys.scenario("toy.b", ("M-1",)))
        run = toys.run(toys.header((toys.rule("M-1"),), entries, ("toy.a",)), toys.result(entries[0]))
        text = page(run).text
        assert "0 of 1 must rule judged" in text
        assert "NOT TESTED 0 /1" in text

    def test_has_no_colour_where_no_feature_got_a_verdict(self) -> None:
        text = html(runs.narrowed(selected="drop.passes"))
        assert '<p class="headline exit-none">no feature judged</p>' in text
