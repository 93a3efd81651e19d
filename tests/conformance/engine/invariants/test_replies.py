"""The request that each reply answers."""

from __future__ import annotations

from typing import TYPE_CHECKING
from unittest.mock import patch

from conformance.engine.invariants.replies import Replies

if TYPE_CHECKING:
    from conformance.spec import Spec


def test_many_requests_that_any_reply_may_answer_are_each_looked_at_once_for_a_reply(spec: Spec) -> None:
    replies, many = Replies(spec, strict=False), 100
    for index in range(many):
        replies.sent(index, None, "a raw message")
    with patch.object(Replies, "_accepts", autospec=True, side_effect=Replies._accepts) as accepts:
        answers = [replies.received({"type": "Error", "message": "no"}) for _ in range(many)]
    assert not any(answer.unasked for answer in answers)
    assert accepts.call_count == sum(range(1, many + 1))
