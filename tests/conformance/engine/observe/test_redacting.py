"""What remains of a frame shows its form, and not what people wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from conformance.engine.observe.redacting import MOST_ITEMS, Style, said_without_values, without_content

if TYPE_CHECKING:
    from conformance.spec import Spec

ID = "4b1f6c1e-8a55-4d0b-9a39-0c7d4f0e2a11"
NOW = "2026-02-22T20:49:32.123456Z"


def kept(spec: Spec, frame: dict[str, Any], **options: Any) -> dict[str, Any]:
    message = spec.outgoing.get(frame["type"])
    return without_content(frame, message.shape if message else None, "type", Style(**options))


def test_ids_instants_numbers_and_words_of_the_protocol_stay(spec: Spec) -> None:
    frame = {"type": "Error", "code": "forbidden", "message": "no", "at": NOW, "by": ID, "flag": True, "none": None}
    assert kept(spec, frame) == {**frame, "message": "«2 characters»"}


@pytest.mark.parametrize("kind", ["NewMessage", "HistoryChunk", "SearchResults", "CallOffer", "ICECandidate"])
def test_no_text_of_an_example_stays(spec: Spec, kind: str) -> None:
    for example in spec.outgoing[kind].schema["examples"]:
        shown = str(kept(spec, example))
        for word in ("Hello", "https://", "clip.mp4", "v=0", "candidate:", "❤️"):
            assert word not in shown


def test_what_the_protocol_does_not_have_keeps_neither_text_nor_numbers(spec: Spec) -> None:
    frame = {"type": "News", "a private name!": "x", "n": 42, "deep": {"text": "private", "list": ["private", 7]}}
    assert kept(spec, frame) == {
        "type": "News",
        "«a name of 15 characters»": "«1 characters»",
        "n": 0,
        "deep": {"text": "«7 characters»", "list": ["«7 characters»", 0]},
    }


def test_long_lists_and_deep_objects_are_cut(spec: Spec) -> None:
    deep: Any = "x"
    for _ in range(100):
        deep = [deep]
    shown = kept(spec, {"type": "News", "list": [1] * 1000, "deep": deep})
    assert shown["list"][-1] == f"… {1000 - MOST_ITEMS} more"
    assert len(str(shown["deep"])) < 30


def test_equal_texts_are_equal_where_there_is_a_salt_and_nobody_else_knows_it(spec: Spec) -> None:
    one, same, other = ({"type": "Error", "message": text} for text in ("private", "private", "another"))
    marks = [kept(spec, frame, salt=b"salt")["message"] for frame in (one, same, other)]
    assert marks[0] == marks[1] != marks[2]
    assert marks[0] != kept(spec, one, salt=b"pepper")["message"]


def test_content_that_is_kept_is_shortened(spec: Spec) -> None:
    shown = kept(spec, {"type": "Error", "message": "x" * 1000}, keep=True)
    assert shown["message"] == "x" * 500 + "… (1000 characters)"


@pytest.mark.parametrize(
    ("explanation", "shown"),
    [
        ("the server sent a wrong Error: `code` is 5, not text", "the server sent a wrong Error: `code` is wrong"),
        ("the server sent a wrong Error: `code` is missing", "the server sent a wrong Error: `code` is missing"),
        ("the server sent a wrong Error: 'secret'", "the server sent a wrong Error, which does not fit its schema"),
        ("the server sent a wrong frame: it is not JSON", "the server sent a wrong frame: it is not JSON"),
        ("the server sent X with `a[].b`: it is gone", "the server sent X with `a[].b`: it is gone"),
        ("the client sent a wrong frame: its `type` is 'Wave', which is not in the protocol",) * 2,
        ("the first frame is without a type, not the greeting Hello",) * 2,
        (
            "the client sent a wrong frame: its `type` is {'a': 'secret'}, which is not in the protocol",
            "the client sent a wrong frame: its `type` is «no name», which is not in the protocol",
        ),
        (
            "the server sent a wrong frame: it is not JSON: the key 'my secret' is in it twice",
            "the server sent a wrong frame: it is not JSON: the key «no name» is in it twice",
        ),
        (
            "the first frame is 'a secret', not the greeting Hello",
            "the first frame is «no name», not the greeting Hello",
        ),
    ],
)
def test_an_explanation_names_the_place_without_the_value(explanation: str, shown: str) -> None:
    assert said_without_values(explanation) == shown
