"""Requests over the rate limit that are refused, and carried out all the same; and what counts where it must not."""

from contextlib import suppress

from reference_server import session
from reference_server.errors import Refused
from reference_server.messages import (
    AddReaction,
    CallHangup,
    DeleteMessage,
    Delivered,
    ICECandidate,
    JoinConversation,
    MarkAsRead,
    Ping,
    RemoveReaction,
    Typing,
)
from tests.faults.registry import Patch, fault


def _carry_out(patch: Patch, kind: type) -> None:
    """Refuse requests of a type that are over the limit, and carry them out."""

    @patch.around(session, "_keep_within_rate")
    async def keep(original, context, request):
        try:
            await original(context, request)
        except Refused:
            if isinstance(request, kind):
                with suppress(Refused):
                    await session.HANDLERS[kind](context, request)
            raise


@fault(breaks=["RATE-1"])
def limited_deletion_is_done(patch: Patch) -> None:
    """A deletion over the limit is refused, and the message is gone."""
    _carry_out(patch, DeleteMessage)


@fault(breaks=["RATE-1"])
def limited_join_is_done(patch: Patch) -> None:
    """A join over the limit is refused, and the connection gets the events."""
    _carry_out(patch, JoinConversation)


@fault(breaks=["RATE-1"])
def limited_reaction_is_done(patch: Patch) -> None:
    """A reaction over the limit is refused, stored and told."""
    _carry_out(patch, AddReaction)


@fault(breaks=["RATE-1"])
def limited_removal_is_done(patch: Patch) -> None:
    """The removal of a reaction over the limit is refused, done and told."""
    _carry_out(patch, RemoveReaction)


@fault(breaks=["RATE-1"])
def limited_mark_is_told(patch: Patch) -> None:
    """A read mark over the limit is refused, kept and told."""
    _carry_out(patch, MarkAsRead)


@fault(breaks=["RATE-1"])
def limited_delivery_is_told(patch: Patch) -> None:
    """A delivery over the limit is refused, kept and told."""
    _carry_out(patch, Delivered)


@fault(breaks=["RATE-1"])
def limited_typing_is_told(patch: Patch) -> None:
    """Typing over the limit is refused, and told."""
    _carry_out(patch, Typing)


@fault(breaks=["RATE-1"])
def limited_candidate_is_relayed(patch: Patch) -> None:
    """A candidate over the limit is refused, and relayed."""
    _carry_out(patch, ICECandidate)


@fault(breaks=["RATE-1"])
def limited_hangup_is_relayed(patch: Patch) -> None:
    """A hang-up over the limit is refused, and relayed."""
    _carry_out(patch, CallHangup)


@fault(breaks=["RATE-2"])
def rate_of_a_token(patch: Patch) -> None:
    """Each token has a budget of its own."""
    key = 'f"{kind}:{context.user_id}:{context.connection._expires_at}"'
    patch.rewrite(session._keep_within_rate, 'f"{kind}:{context.user_id}"', key)


@fault(breaks=["PING-3"])
def pings_count_as_requests(patch: Patch) -> None:
    """A Ping uses up the limit of requests, but is never refused."""

    @patch.around(session, "_keep_within_rate")
    async def keep(original, context, request):
        if isinstance(request, Ping):
            limit, window = context.limits.requests_per_window, context.instance.settings.rate_window
            await context.instance.services.rate_limiter.allow(f"requests:{context.user_id}", limit, window)
        await original(context, request)
