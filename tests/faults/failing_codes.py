"""Wrongs of a server that calls its refusals failures of its own."""

from reference_server import messages as wire
from reference_server import session
from reference_server.errors import Refused
from reference_server.handlers import calls, history, messages, realtime
from tests.faults.registry import Patch, fault


def _fail(patch: Patch, owner, handler: str, code: str) -> None:
    """Fail where requests of one type are refused with this code."""

    @patch.around(owner, handler)
    async def handle(original, context, request):
        try:
            return await original(context, request)
        except Refused as refused:
            if refused.code != code:
                raise
            raise RuntimeError("permission denied") from None


@fault(breaks=["CONN-15"])
def reader_who_sends_is_internal(patch: Patch) -> None:
    """A message of a reader makes the server fail."""
    _fail(patch, messages, "send_message", "forbidden")


@fault(breaks=["CONN-15"])
def member_who_moderates_is_internal(patch: Patch) -> None:
    """The deletion of another's message by a member makes the server fail."""
    _fail(patch, messages, "delete_message", "forbidden")


@fault(breaks=["CONN-15"])
def reader_who_reacts_is_internal(patch: Patch) -> None:
    """The reaction of a reader makes the server fail."""
    _fail(patch, realtime, "add_reaction", "forbidden")


@fault(breaks=["CONN-15"])
def reader_who_types_is_internal(patch: Patch) -> None:
    """The typing of a reader makes the server fail."""
    _fail(patch, realtime, "typing", "forbidden")


@fault(breaks=["CONN-15"])
def reader_who_calls_is_internal(patch: Patch) -> None:
    """The call of a reader makes the server fail."""
    _fail(patch, calls, "offer", "forbidden")


@fault(breaks=["CONN-15"])
def public_history_is_internal(patch: Patch) -> None:
    """The history of a public conversation makes the server fail where an outsider asks for it."""
    _fail(patch, history, "fetch_history", "forbidden")


@fault(breaks=["CONN-15"])
def public_search_is_internal(patch: Patch) -> None:
    """A search in a public conversation makes the server fail where an outsider asks for it."""
    _fail(patch, history, "search_messages", "forbidden")


@fault(breaks=["CONN-15"])
def public_sync_is_internal(patch: Patch) -> None:
    """A sync of a public conversation makes the server fail where an outsider asks for it."""
    _fail(patch, history, "sync_messages", "forbidden")


@fault(breaks=["CONN-15"])
def unknown_type_is_internal(patch: Patch) -> None:
    """A request of an unknown type makes the server fail."""
    patch.rewrite(wire.parse, '"unknown_type"', '"internal"')


@fault(breaks=["CONN-15"])
def binary_frame_is_internal(patch: Patch) -> None:
    """A binary frame makes the server fail."""
    patch.rewrite(session._read, 'raise Refused("invalid_message"', 'raise Refused("internal"')


@fault(breaks=["CONN-15"], also=["RATE-1s"])
def limited_request_is_internal(patch: Patch) -> None:
    """A request over the rate limit makes the server fail."""
    patch.rewrite(session._keep_within_rate, 'raise Refused("rate_limited"', 'raise Refused("internal"')
