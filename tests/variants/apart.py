"""Queues of their own: what a server hands to different queues has no order between them."""

import asyncio
import json
import random
from collections import defaultdict, deque
from functools import partial

from reference_server.hub import Listener, Room
from reference_server.pubsub import Event
from tests.variants.fan_out import ORDER
from tests.variants.registry import Patch, variant

FLEETING = {"UserTyping", "MessageRead", "MessageDelivered"}
CHANGES = {"MessageEdited", "MessageDeleted", "ReactionAdded", "ReactionRemoved"}


def _by_queue(patch: Patch, owner: type, queue, seconds) -> None:
    """Let events wait in the queue that `queue` names, for so many seconds each; None: this one does not wait."""
    lines = defaultdict(deque)

    def first(line: deque) -> None:
        line.popleft()()

    @patch.around(owner, "notice")
    def notice(original, subscriber, news):
        name = queue(subscriber, json.loads(news.frame)) if isinstance(news, Event) else None
        if name is None:
            original(subscriber, news)
        else:
            lines[name].append(partial(original, subscriber, news))
            asyncio.get_running_loop().call_later(seconds(), first, lines[name])


@variant(about=[*ORDER, "CALL-*"])
def rooms_are_told_apart(patch: Patch) -> None:
    """Each conversation may have a queue of its own: events of two conversations have no order between them."""
    _by_queue(patch, Room, lambda room, frame: id(room), lambda: random.uniform(0, 0.03))


@variant(about=["TYPE-*", "READ-*", "DLVR-*"])
def receipts_are_told_apart(patch: Patch) -> None:
    """Typing and receipts may take another way than messages, and come later than what was sent after them."""
    _by_queue(patch, Room, lambda room, frame: id(room) if frame["type"] in FLEETING else None, lambda: 0.15)


@variant(about=["EDIT-*", "DEL-*", "REAC-*"])
def changes_are_told_apart(patch: Patch) -> None:
    """Changes of messages may take another way than new messages, and come later than what was sent after them."""
    _by_queue(patch, Room, lambda room, frame: id(room) if frame["type"] in CHANGES else None, lambda: 0.15)


@variant(about=["CALL-*", "CONN-12"])
def calls_are_told_apart(patch: Patch) -> None:
    """What goes to users may take another way than what goes to conversations."""
    _by_queue(patch, Listener, lambda listener, frame: id(listener), lambda: random.uniform(0, 0.03))
