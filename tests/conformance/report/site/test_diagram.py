from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given

from conformance.report.site.diagram import MOST_ROWS, SERVER, Arrow, Frame, Note, draw
from tests.conformance.report.hostile import texts

HELLO = Arrow("alice", SERVER, "Ask")


def words(svg: str) -> list[str]:
    return [one.text or "" for one in ElementTree.fromstring(svg).iter("text")]


def test_the_one_who_acts_first_stands_left_of_the_server_and_the_others_right() -> None:
    svg = draw([HELLO, Arrow(SERVER, "bob", "Tell")], "A title")
    assert words(svg) == ["alice", "server", "bob", "Ask", "Tell"]
    assert ElementTree.fromstring(svg).get("aria-label") == "A title"


def test_a_frame_is_around_what_is_in_it() -> None:
    svg = draw([HELLO, Frame("3 times", (HELLO, Note(SERVER, "waits")))], "")
    assert words(svg) == ["alice", "server", "Ask", "Ask", "waits", "3 times"]
    [frame] = [one for one in ElementTree.fromstring(svg).iter("rect") if one.get("class") == "frame"]
    assert int(frame.get("height") or 0) > 60


def test_what_must_not_come_is_crossed_out() -> None:
    assert 'class="cross"' in draw([Arrow(SERVER, "bob", "Tell", never=True)], "")


def test_nothing_is_drawn_of_nothing() -> None:
    assert draw([], "") == draw([Note(SERVER, "restarts")], "") == ""


def test_a_long_conversation_ends_somewhere() -> None:
    assert words(draw([HELLO] * 1000, "")).count("Ask") == MOST_ROWS


@given(texts, texts)
def test_any_words_stay_words(one: str, two: str) -> None:
    svg = draw([Arrow(one, SERVER, two), Note(one, two), Frame(two, (HELLO,))], one)
    assert "`" not in svg
    assert "\n" not in svg
    assert {element.tag for element in ElementTree.fromstring(svg).iter()} <= {"svg", "text", "line", "path", "rect"}
