"""features.yaml has the 25 features of the parity table, and every message type belongs to one of them."""

from tests.spec.protocol_table import FEATURES, INCOMING, OUTGOING
from tests.spec.spec_files import SPEC, read_yaml

features = read_yaml(SPEC / "features.yaml")["features"]


def test_there_are_25_features():
    assert len(features) == 25


def test_the_features_have_the_order_ids_and_titles_of_the_parity_table():
    assert [(feature["id"], feature["title"]) for feature in features] == FEATURES


def test_the_features_are_numbered_from_1_without_a_hole():
    assert [feature["number"] for feature in features] == list(range(1, 26))


def test_every_incoming_type_belongs_to_a_feature_and_no_other_type_does():
    assert {name for feature in features for name in feature["messages"]["incoming"]} == set(INCOMING)


def test_every_outgoing_type_belongs_to_a_feature_and_no_other_type_does():
    assert {name for feature in features for name in feature["messages"]["outgoing"]} == set(OUTGOING)
