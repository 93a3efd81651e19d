from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import pytest

from conformance.results.model import Outcome, Problem, Result
from tests.faults.patching import Patch
from tests.reference_server.support import Command
from tests.variants import report
from tests.variants.examine import Examination, complaint, examine, sample
from tests.variants.registry import Variant, all_variants, combined, find_variants, variant
from tests.variants.unkept import KEEPS_FEW_SHOULD_RULES, KEEPS_NO_SHOULD_RULE

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec

pytestmark = pytest.mark.end_to_end

VARIANTS = list(all_variants().values())
MOST_LINES = 15
SAMPLE = 100


class TestEveryVariant:
    @pytest.fixture(params=VARIANTS, ids=[one.name for one in VARIANTS])
    def one(self, request: pytest.FixtureRequest) -> Variant:
        return request.param

    def test_is_small_and_says_in_a_sentence_why_it_is_legal(self, one: Variant):
        assert one.lines <= MOST_LINES
        assert one.sentence.endswith(".")

    def test_declares_only_profile_values_and_should_rules(self, one: Variant, spec: Spec):
        for group, values in one.profile.items():
            assert values.keys() <= spec.protocol.profile[group].keys()
        assert {spec.rules[rule].level for rule in one.amber} <= {"should"}

    def test_still_finds_in_the_server_what_it_changes(self, one: Variant):
        with Patch() as patch:
            one.apply(patch)
            assert patch.changes or one.instances == 1


class TestWhoActs:
    """The events go out in the writer's task, and the variants know all the same whose request caused them."""

    async def _heard(self, folder: Path, name: str) -> tuple[list[str], list[str]]:
        """Let alice send a message; give the types of what she gets, and of what bob gets."""
        with Command(folder / "chat.db", variant=name) as command:
            async with command.chat as chat:
                alice, bob = await chat.connect(), await chat.connect()
                lobby = await chat.conversation(alice, bob)
                await alice.send("SendMessage", conversation_id=lobby, content="hello")
                await alice.send("Ping")
                heard = []
                while (frame := await alice.frame())["type"] != "Pong":
                    heard.append(frame["type"])
                return [each for each in heard if each != "UserPresenceUpdate"], await bob.types()

    @pytest.mark.parametrize("name", ["sender_gets_no_echo", "who_acts_gets_no_echo"])
    async def test_gets_no_echo(self, tmp_path: Path, name: str):
        assert await self._heard(tmp_path, name) == (["ActionConfirmed"], ["NewMessage"])

    async def test_gets_its_echo_after_the_confirmation(self, tmp_path: Path):
        heard, by_others = await self._heard(tmp_path, "own_echo_after_confirmation")
        assert (heard[0], by_others) == ("ActionConfirmed", ["NewMessage"])


class TestTheRegistry:
    def test_has_no_two_variants_of_one_name(self):
        with pytest.raises(ValueError, match="two variants keys_reversed"):
            variant()(all_variants()["keys_reversed"].apply)

    def test_finds_variants_by_name_and_by_file(self):
        for pattern in ("keys_reversed", "keys*", "shapes"):
            assert "keys_reversed" in {one.name for one in find_variants([pattern])}
        with pytest.raises(LookupError, match="'nobody'"):
            find_variants(["nobody"])

    def test_joins_several_in_one_server(self):
        both = combined("oldest_first+one_instance+no_error_codes")
        assert both.profile == {"options": {"history_order": "oldest_first"}}
        assert both.instances == 1
        assert both.amber == ("RATE-1s", "CALL-6s")
        with pytest.raises(LookupError, match="'nobody'"):
            find_variants(["oldest_first+nobody"])


class TestASample:
    def test_has_what_the_variant_is_about_and_as_many_others(self, whole_spec: Spec):
        one = all_variants()["oldest_first"]
        found = sample(one, whole_spec, 10, 1)
        near = [scenario for scenario in found if any(rule.startswith("HIST") for rule in scenario.rules)]
        assert len(found) == len(near) + 10
        assert [each.id for each in sample(one, whole_spec, 10, 1)] == [each.id for each in found]
        assert len(sample(one, whole_spec, None, 1)) == len(whole_spec.scenarios)


class TestAComplaint:
    ONE = Variant("one", "", "", lambda _: None, amber=("RATE-1s",))

    def _say(self, spec: Spec, outcome: Outcome, rule: str, finding: str = "") -> str:
        problem = Problem("it is wrong", "file", 1)
        found = (Problem("odd", "file", 1, rule=finding),) if finding else ()
        problems = () if outcome is Outcome.PASS else (problem,)
        return complaint(Result("a.b", "a", (rule,), outcome, 0.0, problems, found), self.ONE, spec, Examination("one"))

    def test_is_any_failure_that_the_variant_does_not_declare(self, spec: Spec):
        assert self._say(spec, Outcome.PASS, "RATE-1") == ""
        assert self._say(spec, Outcome.NOT_APPLICABLE, "RATE-1") == ""
        assert self._say(spec, Outcome.FAIL, "RATE-1s") == ""
        assert self._say(spec, Outcome.FAIL, "RATE-1").startswith("RATE-1: ")
        assert self._say(spec, Outcome.FAIL, "RATE-5").startswith("RATE-5: ")
        assert self._say(spec, Outcome.PASS, "RATE-1", "CONN-11") == "CONN-11: odd"

    @pytest.mark.parametrize("outcome", [Outcome.BLOCKED, Outcome.BROKEN, Outcome.UNTESTABLE])
    def test_is_what_says_nothing(self, spec: Spec, outcome: Outcome):
        assert self._say(spec, outcome, "RATE-1s") == f"{outcome}: it is wrong"


def test_a_variant_that_keeps_what_it_declares_to_break_no_longer_does_what_it_says():
    one = combined("no_error_codes")
    found = Examination("no_error_codes", 5, amber={"RATE-1s"}, judged={"RATE-1s", "CALL-6s"})
    assert not found.passed
    assert "FAILED: keeps CALL-6s" in "\n".join(report.markdown([(one, found)], "every scenario", 1.0))


def test_the_report_names_what_was_wrong_and_what_was_declared():
    one = combined("no_error_codes")
    found = Examination("no_error_codes", 5, wrong={"a.b": "x|y"}, amber={"RATE-1s"})
    page = "\n".join(report.markdown([(one, found)], "every scenario", 1.0))
    assert r"| a.b | x\|y |" in page
    assert "RATE-1s amber, CALL-6s amber, not seen | FAILED" in page


@pytest.mark.parametrize("name", [KEEPS_NO_SHOULD_RULE, KEEPS_FEW_SHOULD_RULES], ids=["none", "few"])
class TestWhoKeepsHardlyAnyShouldRule:
    """A must scenario that relies on a should rule fails a server that complies."""

    def test_breaks_what_it_says(self, name: str, spec: Spec):
        shoulds = {rule.id for rule in spec.rules.values() if rule.level == "should"}
        assert name == KEEPS_FEW_SHOULD_RULES or shoulds == {*combined(name).amber}
        with Patch() as patch:
            combined(name).apply(patch)

    @pytest.mark.nightly
    @pytest.mark.timeout(3600)
    def test_fails_no_must_rule(self, name: str, whole_spec: Spec):
        musts = [
            one
            for one in whole_spec.scenarios.values()
            if any(whole_spec.rules[rule].level == "must" for rule in one.rules)
        ]
        found = asyncio.run(examine(combined(name), whole_spec, musts))
        blocked = {one for one, why in found.wrong.items() if why.startswith(Outcome.BLOCKED)}
        assert ({one: why for one, why in found.wrong.items() if one not in blocked}, found.problem) == ({}, "")


@pytest.mark.parametrize(
    "name",
    [
        "keys_reversed+unknown_fields_everywhere+absent_instead_of_null+offset_zero+french_errors+refused_with_close_4401",
        pytest.param("fan_out_8_ms_later", marks=pytest.mark.nightly),
    ],
)
def test_the_suite_passes_a_legal_server(name: str, whole_spec: Spec):
    quick = [one for one in whole_spec.scenarios.values() if not one.exclusive and "slow" not in one.tags]
    found = asyncio.run(examine(combined(name), whole_spec, random.Random(name).sample(quick, SAMPLE)))
    assert found.passed, found
    assert found.ran == SAMPLE
