"""Frames that arrive with other names, types or values."""

import re
from typing import Any
from uuid import UUID

from tests.proxy.frames import CLOSE
from tests.proxy.registry import Rules, wire_fault
from tests.proxy.rules import changed, control, events, everywhere, renamed, requests, setting, when

NOBODY = str(UUID(int=0))


@wire_fault(breaks=["SEND-1"])
def rename_message_id() -> Rules:
    """A message's id has another name."""
    return events("NewMessage", renamed("message_id", "id"))


@wire_fault(breaks=["SEND-1", "CONN-11"])
def type_in_snake_case() -> Rules:
    """A message's type is written in another way."""
    return events("NewMessage", setting("type", lambda _: "new_message"))


@wire_fault(breaks=["SRCH-4", "ATT-1"])
def number_as_string() -> Rules:
    """Numbers are written as text."""
    is_number = (int, float)
    return events("*", everywhere(lambda _, v: str(v) if isinstance(v, is_number) and not isinstance(v, bool) else v))


@wire_fault(breaks=["HIST-3"])
def boolean_as_number() -> Rules:
    """Whether there is more is written as 0 or 1."""
    return events("HistoryChunk SyncChunk", setting("has_more", int))


@wire_fault(breaks=["CONN-11"])
def naive_instants() -> Rules:
    """Instants have no zone."""
    return events("*", everywhere(lambda name, v: v.removesuffix("Z") if name.endswith("_at") and v else v))


@wire_fault(breaks=["CONN-11"])
def instants_as_numbers() -> Rules:
    """Instants are seconds since 1970."""
    return events("*", everywhere(lambda name, v: 1767225600 if name.endswith("_at") and v else v))


@wire_fault(breaks=["CONN-11"])
def uppercase_ids() -> Rules:
    """Ids are written in capitals."""
    return events("*", everywhere(lambda name, v: v.upper() if name.endswith("_id") and v else v))


@wire_fault(breaks=["CONN-11"])
def null_lists() -> Rules:
    """An empty list is null."""
    return events("*", everywhere(lambda _, v: None if v == [] else v))


@wire_fault(breaks=["CALL-3"])
def cut_sdp() -> Rules:
    """An SDP loses the line end behind its last line."""
    return events("CallOffer CallAnswer", setting("sdp", str.rstrip))


@wire_fault(breaks=["CALL-2"])
def swap_from_user() -> Rules:
    """A call comes from somebody else."""
    return events("CallOffer CallAnswer ICECandidate CallHangup CallReject", setting("from_user_id", lambda _: NOBODY))


@wire_fault(breaks=["ATT-1"])
def strip_attachments() -> Rules:
    """A message arrives without its attachments."""
    return events("NewMessage", setting("attachments", lambda _: []))


@wire_fault(breaks=["ATT-1"])
def attachments_not_stored() -> Rules:
    """The history has no attachments."""
    return events("HistoryChunk", setting("attachments", lambda _: []))


@wire_fault(breaks=["SEND-1"])
def line_ends_unified() -> Rules:
    """A CRLF in a message becomes a line feed."""
    return requests("SendMessage EditMessage", setting("content", lambda text: text.replace("\r\n", "\n")))


@wire_fault(breaks=["SEND-1"])
def html_escaped_content() -> Rules:
    """Content arrives as HTML."""
    return events("NewMessage", setting("content", lambda text: text.replace("&", "&amp;").replace("<", "&lt;")))


@wire_fault(breaks=["REAC-5"])
def variation_selectors_lost() -> Rules:
    """An emoji loses what says how it looks."""
    return requests("AddReaction RemoveReaction", setting("emoji", lambda text: text.replace("\ufe0f", "")))


@wire_fault(breaks=["SEND-8"])
def parent_lost() -> Rules:
    """A reply is no reply any more."""
    return requests("SendMessage", setting("parent_message_id", lambda _: None))


@wire_fault(breaks=["HIST-2"])
def cursor_lost() -> Rules:
    """Each page of history is the first one."""
    return requests("FetchHistory", changed(lambda frame: frame | {"cursor": None}))


@wire_fault(breaks=["HIST-1"])
def limit_lost() -> Rules:
    """A page of history has the size that the server likes."""
    return requests(
        "FetchHistory", when(lambda frame: isinstance(frame.get("limit"), int), setting("limit", lambda _: 100))
    )


@wire_fault(breaks=["HIST-3"])
def more_for_ever() -> Rules:
    """There is always more history."""
    return events("HistoryChunk", setting("has_more", lambda _: True))


@wire_fault(breaks=["HIST-1"])
def history_turned_round() -> Rules:
    """A page of history is in the other order."""
    return events("HistoryChunk", setting("messages", lambda page: page[::-1]))


@wire_fault(breaks=["SRCH-4"])
def total_of_page() -> Rules:
    """The total of a search is the size of the page."""
    return events("SearchResults", changed(lambda frame: frame | {"total": len(frame["messages"])}))


@wire_fault(breaks=["ACK-1"])
def confirmed_without_success() -> Rules:
    """A confirmation says that nothing was done."""
    return events(
        "ActionConfirmed", when(lambda frame: frame["action"] != "connected", setting("success", lambda _: False))
    )


@wire_fault(breaks=["CONN-7"])
def every_close_is_normal() -> Rules:
    """Whatever ends a connection, it is closed with 1000."""
    return control(CLOSE, lambda payload: (1000).to_bytes(2, "big") + payload[2:])


@wire_fault(breaks=["AUTH-1"])
def refusals_are_failures() -> Rules:
    """Who is refused gets HTTP 500."""
    return Rules(status=lambda head: re.sub(rb"^HTTP/1.1 \d+ [^\r]*", b"HTTP/1.1 500 Internal Server Error", head))


@wire_fault(breaks=["AUTH-2"])
def body_says_who_sent() -> Rules:
    """A message comes from whom its content names."""

    def change(frame: dict[str, Any]) -> None:
        frame["sender_id"] = NOBODY

    return events("NewMessage", changed(change))
