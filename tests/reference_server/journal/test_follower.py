from __future__ import annotations

from reference_server.journal.follower import WAITING, Follower
from reference_server.pubsub import Event, Notice


def following(position: int) -> tuple[Follower, list[Notice]]:
    heard: list[Notice] = []
    follower = Follower([heard.append])
    follower.begin(position)
    return follower, heard


ONE, TWO, THREE, TYPING = Event("1"), Event("2"), Event("3"), Event("typing", fleeting=True)


class TestFollower:
    def test_hands_on_each_event_once(self):
        follower, heard = following(0)
        for position, event in ((1, ONE), (1, ONE), (2, TWO), (1, ONE)):
            follower.offer(position, event)
        assert heard == [ONE, TWO]

    def test_drops_what_came_before_it_began(self):
        follower, heard = following(2)
        follower.offer(2, TWO)
        follower.offer(3, THREE)
        assert heard == [THREE]

    def test_leaves_what_comes_too_early_to_the_journal(self):
        follower, heard = following(0)
        follower.offer(2, TWO)
        assert (heard, follower.is_behind) == ([], True)
        for position, event in ((1, ONE), (2, TWO)):
            follower.offer(position, event)
        assert (heard, follower.is_behind) == ([ONE, TWO], False)

    def test_keeps_what_has_no_position_behind_what_is_missing(self):
        follower, heard = following(0)
        follower.offer(2, TWO)
        follower.offer(None, TYPING)
        follower.offer(1, ONE)
        assert heard == [ONE]
        follower.offer(2, TWO)
        assert heard == [ONE, TWO, TYPING]

    def test_keeps_few_of_those_while_the_journal_cannot_be_read(self):
        follower, _ = following(0)
        follower.offer(2, TWO)
        for _ in range(1000):
            follower.offer(None, TYPING)
        assert len(follower.waiting) == WAITING

    def test_goes_on_after_what_is_lost(self):
        follower, heard = following(0)
        follower.offer(3, THREE)
        follower.skip(2)
        follower.offer(3, THREE)
        assert heard == [THREE]

    def test_hands_everything_on_where_there_are_no_positions(self):
        heard: list[Notice] = []
        follower = Follower([heard.append])
        for event in (TWO, ONE):
            follower.offer(None, event)
        assert heard == [TWO, ONE]
