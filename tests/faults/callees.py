"""Wrongs of calls that depend on what their target is, or has done, and on who else calls."""

from reference_server import messages as wire
from reference_server.context import Instance
from reference_server.errors import Refused
from reference_server.events import ActionConfirmed
from reference_server.handlers import calls, rooms
from reference_server.hub import Hub
from reference_server.permissions import Role
from reference_server.presence import InMemoryPresence
from reference_server.store import conversations
from tests.faults.registry import Patch, fault


@fault(breaks=["CALL-1"])
def who_has_left_is_not_called(patch: Patch) -> None:
    """Who has left a conversation on any device gets no calls there any more, and the call is confirmed."""
    left: set = set()

    @patch.around(rooms, "leave_conversation")
    async def leave(original, context, request):
        left.add((context.user_id, request.conversation_id))
        return await original(context, request)

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        if (request.target_user_id, request.conversation_id) not in left:
            await original(context, request, event)


def _not_to(patch: Patch, role: Role) -> None:
    """Refuse a call to whoever has a role."""

    @patch.around(calls, "_check")
    def check(original, connection, conversation_id, caller_id, target_id):
        original(connection, conversation_id, caller_id, target_id)
        if conversations.membership(connection, conversation_id, target_id).role is role:
            raise Refused("not_found", "No such member.")


@fault(breaks=["CALL-1"])
def owners_are_not_called(patch: Patch) -> None:
    """An owner is not found as the target of a call."""
    _not_to(patch, Role.OWNER)


@fault(breaks=["CALL-1"])
def moderators_are_not_called(patch: Patch) -> None:
    """A moderator is not found as the target of a call."""
    _not_to(patch, Role.MODERATOR)


@fault(breaks=["CALL-1"])
def the_end_of_one_device_makes_unavailable(patch: Patch) -> None:
    """Presence is one flag for a user, which the end of any device takes away."""
    gone: set = set()

    @patch.around(InMemoryPresence, "enter")
    async def enter(original, self, user_id, limit):
        gone.discard(user_id)
        return await original(self, user_id, limit)

    @patch.around(InMemoryPresence, "leave")
    async def leave(original, self, user_id):
        gone.add(user_id)
        return await original(self, user_id)

    @patch.around(InMemoryPresence, "is_online")
    async def is_online(original, self, user_id):
        return user_id not in gone and await original(self, user_id)


@fault(breaks=["CALL-1"])
def the_end_of_one_device_ends_calls_to_all(patch: Patch) -> None:
    """The map from users to connections has one entry for a user, which goes with any of the connections."""
    gone: set = set()

    @patch.around(Hub, "disconnect")
    async def disconnect(original, self, connection):
        await original(self, connection)
        gone.add(connection.user_id)

    @patch.around(Hub, "connect")
    async def connect(original, self, connection):
        gone.discard(connection.user_id)
        await original(self, connection)

    @patch.around(Instance, "tell_user")
    async def tell_user(original, self, user_id, event, **how):
        if user_id not in gone:
            await original(self, user_id, event, **how)


@fault(breaks=["CALL-1"])
def a_conversation_has_one_call(patch: Patch) -> None:
    """While two members have a call, nobody else calls in the same conversation."""
    pairs: dict = {}

    @patch.around(calls, "offer")
    async def offer(original, context, request):
        both = {context.user_id, request.target_user_id}
        if not both & pairs.setdefault(request.conversation_id, both):
            raise Refused("conflict", "There is a call.")
        return await original(context, request)


@fault(breaks=["CALL-1"])
def same_offer_to_another_target_is_dropped(patch: Patch) -> None:
    """An offer that the caller has just sent to somebody else is taken for a repetition, and dropped."""
    last: dict = {}

    @patch.around(calls, "offer")
    async def offer(original, context, request):
        before, last[context.user_id] = last.get(context.user_id), request
        if before and before.sdp == request.sdp and before.target_user_id != request.target_user_id:
            return ActionConfirmed("call_offered")
        return await original(context, request)


@fault(breaks=["CALL-1"])
def one_call_is_hung_up(patch: Patch) -> None:
    """Who has hung up one call has no other call to hang up, until the next offer."""
    done: set = set()

    @patch.around(calls, "hang_up")
    async def hang_up(original, context, request):
        if context.user_id in done:
            return ActionConfirmed("call_hung_up")
        done.add(context.user_id)
        return await original(context, request)

    @patch.around(calls, "offer")
    async def offer(original, context, request):
        done.discard(context.user_id)
        return await original(context, request)


@fault(breaks=["CALL-9s"])
def place_of_a_candidate_is_a_byte(patch: Patch) -> None:
    """An sdp_mline_index is a byte."""
    patch.rewrite(
        calls.candidate, "request.sdp_mline_index,", "request.sdp_mline_index and request.sdp_mline_index & 255,"
    )


@fault(breaks=["CALL-9s"])
def id_of_a_candidate_in_small_letters(patch: Patch) -> None:
    """An sdp_mid is written in small letters."""
    patch.rewrite(calls.candidate, "request.sdp_mid,", "request.sdp_mid and request.sdp_mid.lower(),")


def _refuse_null(patch: Patch, *names: str) -> None:
    """Refuse a request in which one of the fields is there and null."""

    @patch.around(wire, "parse")
    def parse(original, text):
        request = original(text)
        if any(getattr(request, name, "") is None and name in request.model_fields_set for name in names):
            raise Refused("invalid_message", "A field is null.")
        return request


@fault(breaks=["CALL-1"])
def null_is_no_kind_of_call(patch: Patch) -> None:
    """A call_type that is null is refused, as by a type that is not optional."""
    _refuse_null(patch, "call_type")


@fault(breaks=["CALL-1"])
def null_is_no_place_of_a_candidate(patch: Patch) -> None:
    """An sdp_mid or sdp_mline_index that is null is refused, as by a type that is not optional."""
    _refuse_null(patch, "sdp_mid", "sdp_mline_index")
