"""Wrongs of a server that keeps a state of calls, which a relay has not."""

from collections import defaultdict
from dataclasses import replace

from reference_server import hub
from reference_server.errors import Refused
from reference_server.handlers import calls
from reference_server.messages import CallAnswer, CallHangup, CallOffer
from tests.faults.registry import Patch, fault


def _with_state(patch: Patch, is_allowed) -> None:
    """Refuse call frames by their type and by what the two have sent each other before."""
    before = defaultdict(list)

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        pair = frozenset((context.user_id, request.target_user_id))
        if not is_allowed(request.type, before[pair]):
            raise Refused("conflict", "The call is not in such a state.")
        await original(context, request, event)
        before[pair].append(request.type)


def _from_the_first(patch: Patch, kind: type, of_offer) -> None:
    """Let frames of one type come from a user whom the first offer of the two has named."""
    known = {}

    @patch.around(calls, "_relay")
    async def relay(original, context, request, event):
        pair = frozenset((context.user_id, request.target_user_id))
        if isinstance(request, CallOffer):
            known.setdefault(pair, of_offer(context, request))
        if isinstance(request, kind) and pair in known:
            event = replace(event, from_user_id=known[pair])
        await original(context, request, event)


@fault(breaks=["CALL-1"])
def rejected_call_is_never_answered(patch: Patch) -> None:
    """Who has rejected a call of somebody cannot answer another one of theirs."""
    _with_state(patch, lambda kind, before: kind != "CallAnswer" or "CallReject" not in before)


@fault(breaks=["CALL-1"])
def ended_call_is_never_offered(patch: Patch) -> None:
    """After a hangup the two cannot call each other any more."""
    _with_state(patch, lambda kind, before: kind != "CallOffer" or "CallHangup" not in before)


@fault(breaks=["CALL-1"])
def twenty_candidates_are_enough(patch: Patch) -> None:
    """Of two users at most 20 candidates are relayed."""
    _with_state(patch, lambda kind, before: kind != "ICECandidate" or before.count(kind) < 20)


@fault(breaks=["CALL-1"], also=["CALL-2"])
def answer_is_of_the_first_callee(patch: Patch) -> None:
    """An answer comes from whom the first offer of the two was for, whoever answers."""
    _from_the_first(patch, CallAnswer, lambda _, request: request.target_user_id)


@fault(breaks=["CALL-1"], also=["CALL-2"])
def hangup_is_of_the_first_callee(patch: Patch) -> None:
    """A hangup comes from whom the first offer of the two was for, whoever hangs up."""
    _from_the_first(patch, CallHangup, lambda _, request: request.target_user_id)


@fault(breaks=["CALL-1"])
def candidates_reach_who_has_answered(patch: Patch) -> None:
    """Candidates reach only the connection that has answered a call."""
    chosen = {}

    @patch.around(calls, "answer")
    async def answer(original, context, request):
        chosen[context.user_id] = context.connection.id
        return await original(context, request)

    @patch.around(hub.Listener, "notice")
    def notice(original, self, notice):
        theirs = [one for one in self.connections if chosen.get(one.user_id) == one.id]
        is_one = isinstance(notice, hub.Event) and '"ICECandidate"' in notice.frame and theirs
        return hub.deliver(notice, theirs) if is_one else original(self, notice)
