from __future__ import annotations

from tests.survival.checker import Findings, Heard, Sent, check, content

A1, A2, A3, B1 = content("a", 1), content("a", 2), content("a", 3), content("b", 1)
SENT = Sent(acknowledged=[A1, A2, B1], refused=["c 1"], indeterminate=[A3])


class TestCheck:
    def test_finds_nothing_where_every_promise_is_kept(self):
        for history in ([A1, B1, A2], [B1, A1, A2, A3]):
            lasting = Heard("one", frozenset(history[:1]), history[1:], lasted=True)
            assert check(SENT, history, [lasting, Heard("two", messages=history[:2])]) == Findings()
        assert not check(SENT, [A1, A2, B1]).wrong

    def test_finds_an_acknowledged_message_that_is_lost(self):
        assert check(SENT, [A1, B1]) == Findings(lost=(A2,))

    def test_finds_what_is_there_twice_in_the_history_or_on_a_connection(self):
        found = check(SENT, [A1, B1, A2, A3, A3], [Heard("one", messages=[A1, A1])])
        assert found.doubled == ("history: a 3", "one: a 1")

    def test_finds_another_order_of_one_sender_and_allows_any_of_several(self):
        assert check(SENT, [A2, A1, B1]).reordered == ("history: a 2 before a 1",)
        assert check(SENT, [A1, B1, A2], [Heard("one", messages=[A2, B1, A1])]).reordered == ("one: a 2 before a 1",)

    def test_finds_what_nobody_sent_or_what_was_refused(self):
        assert check(SENT, [A1, A2, B1, "c 1"]).invented == ("history: c 1",)
        assert check(SENT, [A1, A2, B1], [Heard("one", messages=["x 1"])]).invented == ("one: x 1",)

    def test_finds_what_a_lasting_connection_has_not_heard(self):
        deaf = Heard("one", frozenset({A1}), [A2], lasted=True)
        assert check(SENT, [A1, A2, B1], [deaf]).unheard == ("one: b 1",)
        deaf.lasted = False
        assert not check(SENT, [A1, A2, B1], [deaf]).wrong
