"""Frames that are lost, repeated, late, out of order, or sent to the wrong people."""

from tests.proxy.registry import Rules, wire_fault
from tests.proxy.rules import control, drop, events, every, later, requests, swapped, to_everybody, twice, when

from tests.proxy.rules import Frame  # isort: skip
from tests.proxy.frames import PONG  # isort: skip

CALLS = "CallOffer CallAnswer ICECandidate CallHangup CallReject"
LIVE = "NewMessage MessageEdited MessageDeleted ReactionAdded ReactionRemoved"


def _is_greeting(frame: Frame) -> bool:
    return frame.get("action") == "connected"


@wire_fault(breaks=["SEND-1"])
def drop_new_message() -> Rules:
    """A message never arrives."""
    return events("NewMessage", drop)


@wire_fault(breaks=["MULTI-1", "REAC-1", "EDIT-1", "DEL-1"])
def drop_every_third_event() -> Rules:
    """Each third event on a connection is lost."""
    return events(LIVE, every(3, drop))


@wire_fault(breaks=["EDIT-1"])
def drop_edits() -> Rules:
    """Nobody sees an edit."""
    return events("MessageEdited", drop)


@wire_fault(breaks=["ACK-1"])
def drop_confirmation() -> Rules:
    """What was done is not confirmed."""
    return events("ActionConfirmed", when(lambda frame: not _is_greeting(frame), drop))


@wire_fault(breaks=["CONN-2", "CONN-3", "ACK-3"])
def drop_error() -> Rules:
    """What was refused is not answered."""
    return events("Error", drop)


@wire_fault(breaks=["TYPE-1"])
def drop_typing() -> Rules:
    """Nobody sees that somebody is typing."""
    return events("UserTyping", drop)


@wire_fault(breaks=["CALL-1"])
def drop_calls() -> Rules:
    """A call does not reach the one that is called."""
    return events(CALLS, drop)


@wire_fault(breaks=["ACK-1", "SEND-1"])
def drop_send_message() -> Rules:
    """A message does not reach the server."""
    return requests("SendMessage", drop)


@wire_fault(breaks=["SEND-2", "MULTI-1"])
def duplicate_new_message() -> Rules:
    """A message arrives twice."""
    return events("NewMessage", twice)


@wire_fault(breaks=["SEND-2", "ACK-1"])
def duplicate_send_message() -> Rules:
    """A message that was sent once is sent twice."""
    return requests("SendMessage", twice)


@wire_fault(breaks=["ACK-1"])
def duplicate_confirmation() -> Rules:
    """What was done is confirmed twice."""
    return events("ActionConfirmed", when(lambda frame: not _is_greeting(frame), twice))


@wire_fault(breaks=["READ-1"])
def duplicate_read_receipt() -> Rules:
    """That somebody has read a message is told twice."""
    return events("MessageRead", twice)


@wire_fault(breaks=["CALL-4"])
def duplicate_calls() -> Rules:
    """A call arrives twice."""
    return events(CALLS, twice)


@wire_fault(breaks=["PING-1"])
def pong_twice() -> Rules:
    """A Ping is answered with two Pongs."""
    return events("Pong", twice)


@wire_fault(breaks=["SEND-4"])
def reorder_new_messages() -> Rules:
    """The second of two messages arrives first."""
    return events("NewMessage", swapped(0.05))


@wire_fault(breaks=["CALL-4"])
def reorder_calls() -> Rules:
    """The second of two call frames arrives first."""
    return events(CALLS, swapped(0.05))


@wire_fault(breaks=["ACK-2", "PING-1"])
def confirmation_overtaken() -> Rules:
    """Replies that come later overtake a confirmation."""
    return events("ActionConfirmed", when(lambda frame: not _is_greeting(frame), later(0.05)))


@wire_fault(breaks=["SEND-3"], alone=True)
def leak_to_all_connections() -> Rules:
    """Every connection gets every message."""
    return events("NewMessage", to_everybody)


@wire_fault(breaks=["CALL-1"], alone=True)
def leak_calls() -> Rules:
    """Every connection gets every call."""
    return events(CALLS, to_everybody)


@wire_fault(breaks=["ACK-1", "SEND-6"], alone=True)
def confirmation_to_everybody() -> Rules:
    """Every connection is told of every confirmation."""
    return events("ActionConfirmed", when(lambda frame: not _is_greeting(frame), to_everybody))


@wire_fault(breaks=["PING-1"], alone=True)
def pong_to_everybody() -> Rules:
    """Every connection gets every Pong."""
    return events("Pong", to_everybody)


@wire_fault(breaks=["CONN-1"])
def greeting_missing() -> Rules:
    """A new connection is not greeted."""
    return events("ActionConfirmed", when(_is_greeting, drop))


@wire_fault(breaks=["CONN-1"])
def greeting_late() -> Rules:
    """A new connection is greeted after its first reply."""
    return events("ActionConfirmed", when(_is_greeting, later(0.1)))


@wire_fault(breaks=["PING-2"])
def pong_without_payload() -> Rules:
    """A WebSocket ping is answered with an empty pong."""
    return control(PONG, lambda _payload: b"")
