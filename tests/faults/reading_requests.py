"""Wrongs of a server that reads one field of one type of request in a way of its own."""

import json

from reference_server import messages
from reference_server.errors import Refused
from reference_server.messages import Attachment, SendMessage
from tests.faults.registry import Patch, fault


def _read(patch: Patch, kind: str, change) -> None:
    """Change what requests of a type are read from."""

    @patch.around(messages, "parse")
    def parse(original, text):
        if f'"{kind}"' not in str(text):
            return original(text)
        try:
            value = json.loads(text)
        except ValueError:
            return original(text)
        if isinstance(value, dict) and value.get("type") == kind:
            change(value)
        return original(json.dumps(value))


def _unless(value: dict, field: str, sound) -> None:
    if field in value and not sound(value[field]):
        del value[field]


@fault(breaks=["CONN-2"])
def a_file_needs_no_content(patch: Patch) -> None:
    """A message with attachments need not have the field content."""
    _read(patch, "SendMessage", lambda value: value.get("attachments") and value.setdefault("content", ""))


@fault(breaks=["CONN-2"])
def unknown_kind_of_call_is_none(patch: Patch) -> None:
    """A call_type that is unknown is left out."""
    _read(patch, "CallOffer", lambda value: _unless(value, "call_type", lambda kind: kind in ("audio", "video", None)))


@fault(breaks=["CONN-2"])
def sizes_of_a_picture_are_converted(patch: Patch) -> None:
    """A width that is a text of digits is a number."""

    def convert(value: dict) -> None:
        for one in value.get("attachments") or ():
            if isinstance(one, dict) and str(one.get("width", "")).isdigit():
                one["width"] = int(one["width"])

    _read(patch, "SendMessage", convert)


@fault(breaks=["CONN-2"])
def index_of_a_candidate_is_cut(patch: Patch) -> None:
    """An sdp_mline_index with a fraction is cut."""

    def cut(value: dict) -> None:
        if isinstance(value.get("sdp_mline_index"), float):
            value["sdp_mline_index"] = int(value["sdp_mline_index"])

    _read(patch, "ICECandidate", cut)


@fault(breaks=["CONN-2"])
def null_is_no_candidate(patch: Patch) -> None:
    """A candidate that is null is the end of the candidates, as in a browser's event."""

    def end(value: dict) -> None:
        if "candidate" in value and value["candidate"] is None:
            value["candidate"] = ""

    _read(patch, "ICECandidate", end)


@fault(breaks=["CALL-9s"])
def empty_id_of_a_candidate_is_null(patch: Patch) -> None:
    """An sdp_mid that is an empty text arrives as null."""
    _read(patch, "ICECandidate", lambda value: _unless(value, "sdp_mid", lambda mid: mid != ""))


@fault(breaks=["CONN-4"])
def fields_of_an_attachment_are_counted(patch: Patch) -> None:
    """An attachment with a field too many is refused."""

    @patch.around(messages, "parse")
    def parse(original, text):
        request = original(text)
        if isinstance(request, SendMessage) and request.attachments:
            for one in json.loads(text)["attachments"]:
                if set(one) - set(Attachment.model_fields):
                    raise Refused("invalid_message", "An attachment has a field too many.")
        return request


@fault(breaks=["CONN-2"])
def no_attachments_are_written_as_false(patch: Patch) -> None:
    """Attachments that are false are none, as in PHP."""
    _read(patch, "SendMessage", lambda value: _unless(value, "attachments", lambda given: given is not False))


@fault(breaks=["CONN-2"])
def no_attachments_are_written_as_a_text(patch: Patch) -> None:
    """Attachments that are an empty text are none."""
    _read(patch, "SendMessage", lambda value: _unless(value, "attachments", lambda given: given != ""))


@fault(breaks=["CONN-2"])
def no_parent_is_written_as_false(patch: Patch) -> None:
    """A parent that is false is none."""
    _read(patch, "SendMessage", lambda value: _unless(value, "parent_message_id", lambda given: given is not False))


@fault(breaks=["SEND-8s"])
def no_parent_is_written_as_zeros(patch: Patch) -> None:
    """A parent whose id has only zeros is none."""
    nil = "00000000-0000-0000-0000-000000000000"
    _read(patch, "SendMessage", lambda value: _unless(value, "parent_message_id", lambda given: given != nil))


@fault(breaks=["CONN-2"])
def null_is_no_answer(patch: Patch) -> None:
    """An answer whose sdp is null is relayed without a text."""
    _read(patch, "CallAnswer", lambda value: value.update(sdp=value.get("sdp") or ""))
