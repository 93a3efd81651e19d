"""Frames that are different and right: a suite that stumbles over these would call a good server wrong."""

import asyncio
import json
from uuid import uuid4

from tests.proxy.proxy import Link
from tests.proxy.registry import Rules, wire_fault
from tests.proxy.rules import Frame, events, later, setting


@wire_fault(breaks=[])
def nothing_changed() -> Rules:
    """The proxy alone changes nothing."""
    return Rules()


@wire_fault(breaks=[])
def delay_events_past_confirmation() -> Rules:
    """A request may be confirmed before its event arrives."""
    return events("NewMessage MessageEdited MessageDeleted ReactionAdded ReactionRemoved MessageRead", later(0.01))


@wire_fault(breaks=[])
def texts_in_fragments() -> Rules:
    """A server may send a message in several WebSocket fragments, of seven bytes here."""
    return Rules(cut=7)


@wire_fault(breaks=[])
def written_again() -> Rules:
    """JSON may have its keys in any order, white space, and escapes."""

    def action(frame: Frame, _link: Link) -> list[str]:
        return [json.dumps(dict(reversed(frame.items())), indent=2)]

    return events("*", action)


@wire_fault(breaks=[])
def presence_between() -> Rules:
    """Presence may come at any time once the greeting is there."""

    def action(frame: Frame, _link: Link) -> list[Frame]:
        return [frame, {"type": "UserPresenceUpdate", "user_id": str(uuid4()), "status": "online"}]

    return events("*", action)


@wire_fault(breaks=[])
def everything_later() -> Rules:
    """A connection may be slow, if it keeps its order."""

    def action(frame: Frame, link: Link) -> list[Frame]:
        asyncio.get_running_loop().call_later(0.02, link.send, frame)
        return []

    return events("*", action)


@wire_fault(breaks=[])
def other_error_texts() -> Rules:
    """The text of an error is for people."""
    return events("Error", setting("message", lambda _: "非法请求"))
