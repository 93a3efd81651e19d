"""The rules are complete, numbered without a hole, and divided into must and should as the protocol says."""

import re
from collections import Counter

from tests.each import each
from tests.spec.protocol_table import FEATURES, RULE_FAMILIES, WHOLLY_SHOULD
from tests.spec.spec_files import all_rules, read_yaml, rule_files

rules = {rule["id"]: rule for rule in all_rules()}
each_file = each(rule_files())


def family_of(rule_id):
    return rule_id.partition("-")[0]


def test_every_rule_id_is_unique():
    assert [rule_id for rule_id, count in Counter(rule["id"] for rule in all_rules()).items() if count > 1] == []


def test_the_rules_are_exactly_those_of_the_protocol():
    expected = set()
    for family, (count, divided) in RULE_FAMILIES.items():
        expected |= {f"{family}-{number}" for number in range(1, count + 1)}
        expected |= {f"{family}-{number}s" for number in divided}
    assert set(rules) == expected


def test_exactly_the_should_halves_and_the_wholly_should_rules_are_should():
    halves = {rule_id for rule_id in rules if rule_id.endswith("s")}
    assert {rule_id for rule_id, rule in rules.items() if rule["level"] == "should"} == halves | WHOLLY_SHOULD


@each([rule_id for rule_id in rules if rule_id.endswith("s")])
def test_a_should_half_stands_beside_its_must_half(half):
    order = list(rules)
    must = half.removesuffix("s")
    assert rules[must]["level"] == "must"
    assert order.index(half) == order.index(must) + 1
    assert rules[half]["sentence"] != rules[must]["sentence"]


@each_file
def test_the_rules_of_a_file_are_of_one_family_and_in_the_order_of_their_numbers(path):
    ids = [rule["id"] for rule in read_yaml(path)["rules"]]
    assert len({family_of(rule_id) for rule_id in ids}) == 1
    numbers = [int(re.search(r"\d+", rule_id)[0]) for rule_id in ids]
    assert numbers == sorted(numbers)
    assert set(numbers) == set(range(1, max(numbers) + 1))


@each_file
def test_a_file_is_named_after_its_first_feature(path):
    features = [feature for feature, _ in FEATURES]
    data = read_yaml(path)
    number = features.index(data["features"][0]) + 1
    slug = "calls" if len(data["features"]) > 1 else data["features"][0].replace("_", "-")
    assert path.name == f"{number:02}-{slug}.yaml"


def test_every_feature_has_rules_in_exactly_one_file():
    listed = Counter(feature for path in rule_files() for feature in read_yaml(path)["features"])
    assert listed == Counter(feature for feature, _ in FEATURES)


def test_the_five_call_features_share_their_rules():
    shared = [read_yaml(path)["features"] for path in rule_files() if path.stem == "15-calls"]
    assert shared == [["call_offer", "call_answer", "ice_candidate", "call_hangup", "call_reject"]]


def test_a_sentence_is_one_line_and_no_other_rule_says_the_same():
    sentences = {rule_id: rule["sentence"] for rule_id, rule in rules.items()}
    assert [rule_id for rule_id, one in sentences.items() if one != " ".join(one.split())] == []
    assert [one for one, count in Counter(sentences.values()).items() if count > 1] == []


def test_a_sentence_does_not_use_the_shorthand_of_a_table():
    shorthand = re.compile(rf"→|\(s\)|…|\b({'|'.join(RULE_FAMILIES)})-\d")
    assert [rule_id for rule_id, rule in rules.items() if shorthand.search(rule["sentence"])] == []


@each(
    [
        ("JOIN-4", "Where the target has public conversations"),
        ("RATE-2", "where several URLs are given"),
        ("MULTI-1", "Where several URLs are given"),
        ("MULTI-2", "Where several URLs are given"),
        ("MULTI-3", "Where several URLs are given"),
        ("ACK-4", "Where the target can be restarted by the run"),
    ]
)
def test_a_rule_that_not_every_target_can_be_held_to_says_so(rule_id, condition):
    assert condition in rules[rule_id]["sentence"]


def test_a_file_that_says_refused_also_says_what_refused_means():
    for path in rule_files():
        text = path.read_text(encoding="utf-8")
        if "refused" in text.lower() and path.stem != "02-jwt-authentication":  # a connection is refused there
            assert "# Refused: the requester gets Error" in text, path.name
