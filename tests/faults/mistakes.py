"""Servers that call a mistake of a client a failure of their own."""

from sqlalchemy.exc import OperationalError

from reference_server import content_rules, messages
from reference_server.errors import Refused
from reference_server.handlers import calls, history, realtime
from tests.faults.registry import Patch, fault


def _fail(patch: Patch, when, owner=messages, name="parse") -> None:
    """Fail, instead of refusing, when a refusal is of a kind."""

    @patch.around(owner, name)
    def refuse(original, *args, **kwargs):
        try:
            return original(*args, **kwargs)
        except Refused as refused:
            if when(refused, *args):
                raise OperationalError("", {}, ValueError(refused.message)) from None
            raise


@fault(breaks=["CONN-15"], also=["HIST-5", "SRCH-6"])
def unreadable_field_is_internal(patch: Patch) -> None:
    """A field of the wrong type is a failure of the server."""
    _fail(patch, lambda refused, _: "should be a valid string" in refused.message)


@fault(breaks=["CONN-15"])
def nul_is_internal(patch: Patch) -> None:
    """The database fails at a NUL character."""
    _fail(patch, lambda refused, _: "NUL" in refused.message)


@fault(breaks=["CONN-15"])
def id_of_another_form_is_internal(patch: Patch) -> None:
    """The database fails at a text that is no UUID."""
    _fail(patch, lambda refused, _: "valid UUID" in refused.message)


@fault(breaks=["CONN-15"])
def day_that_does_not_exist_is_internal(patch: Patch) -> None:
    """A since that is no instant is a failure of the server."""
    _fail(patch, lambda refused, _: "since" in refused.message and "RFC 3339" not in refused.message)


@fault(breaks=["CONN-15"], also=["SRCH-11"])
def negative_offset_is_internal(patch: Patch) -> None:
    """The database fails at a negative offset."""
    patch.rewrite(history.search_messages, "if offset < 0:", "if offset < 0:\n        raise ValueError\n    if False:")


@fault(breaks=["CONN-15"])
def call_of_nobody_is_internal(patch: Patch) -> None:
    """A call of a user who is no member is a failure of the server."""
    _fail(patch, lambda refused, *_: "No such member" in refused.message, calls, "_check")


@fault(breaks=["CONN-15"])
def odd_attachment_is_internal(patch: Patch) -> None:
    """An attachment that is refused is a failure of the server."""
    _fail(patch, lambda *_: True, content_rules, "check_attachments")


@fault(breaks=["CONN-15"])
def long_emoji_is_internal(patch: Patch) -> None:
    """The database fails at a reaction that is too long for its column."""
    _fail(patch, lambda refused, *_: "at most" in refused.message, content_rules, "check_emoji")


@fault(breaks=["CONN-15"])
def long_query_is_internal(patch: Patch) -> None:
    """A query over the limit is a failure of the server."""
    _fail(patch, lambda refused, *_: refused.code == "too_large", content_rules, "check_query")


@fault(breaks=["CONN-15"])
def long_content_is_internal(patch: Patch) -> None:
    """The database fails at a text that is too long for its column."""
    _fail(patch, lambda refused, *_: refused.code == "too_large", content_rules, "check_content")


@fault(breaks=["CONN-15"])
def one_reaction_too_many_is_internal(patch: Patch) -> None:
    """A reaction over the limit breaks a constraint of the database."""
    _fail(patch, lambda refused, *_: refused.code == "conflict", realtime, "_add_reaction")


@fault(breaks=["CONN-15"])
def self_call_is_internal(patch: Patch) -> None:
    """A call to oneself is a failure of the server."""
    _fail(patch, lambda refused, *_: "oneself" in refused.message, calls, "_check")


@fault(breaks=["CONN-15"], also=["CALL-6s"])
def offline_target_is_internal(patch: Patch) -> None:
    """A call for a user who is offline is a failure of the server."""
    patch.rewrite(calls._relay, 'raise Refused("unavailable", "The user is not connected.")', "raise LookupError")
