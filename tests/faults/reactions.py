"""Wrongs of AddReaction and RemoveReaction."""

import unicodedata

from sqlalchemy import delete

from reference_server import content_rules
from reference_server.errors import Refused
from reference_server.events import ReactionAdded, ReactionRemoved
from reference_server.handlers import history, realtime
from reference_server.models import REACTIONS
from reference_server.store import messages as store
from reference_server.store import reactions
from tests.faults import audience
from tests.faults.registry import Patch, fault
from tests.faults.tools import change_frames

ACQUIRE = "stamp = conversations.acquire(connection, request.conversation_id, user_id, Right.SEND)"
LOCK = "_, stamp = conversations.lock(connection, request.conversation_id, user_id)"
IF_ADDED = "if await context.write(_add_reaction, request, user_id, context.limits):"
IF_REMOVED = "if await context.write(_remove_reaction, request, user_id):"
ADDED = ["JOIN-1", "LEAVE-1", "MULTI-1", "PERM-1", "PERM-2", "AUTH-2", "CONN-4", "CONN-11", "EDIT-3", "SYNC-3", "ACK-3"]
SHOWN = ["EDIT-3", "SYNC-1s", "SYNC-3", "AUTH-2", "CONN-11", "PERM-2", "ACK-4"]
OPENED = ["PERM-1", "PERM-2", "PERM-3", "AUTH-2", "ACK-3"]
BOTH = ReactionAdded | ReactionRemoved


def _take(patch: Patch, change) -> None:
    """Take another emoji than was sent."""
    for handler in ("add_reaction", "remove_reaction"):

        @patch.around(realtime, handler)
        async def handle(original, context, request):
            return await original(context, request.model_copy(update={"emoji": change(request.emoji)}))


def _store(patch: Patch, change) -> None:
    """Store another emoji than was sent and told."""
    for function in ("exists", "add", "remove"):

        @patch.around(reactions, function)
        def handle(original, connection, message_id, user_id, emoji, *stamp):
            return original(connection, message_id, user_id, change(emoji), *stamp)


@fault(breaks=["REAC-1", "PERM-1"], also=[*ADDED, "SYNC-1s"])
def only_the_author_reacts(patch: Patch) -> None:
    """A user may react to own messages only, as one may edit no others: a right too few."""
    find = "messages.find(connection, request.conversation_id, request.message_id)"
    refuse = 'raise Refused("forbidden", "Only the author may.")'
    patch.rewrite(realtime._add_reaction, find, f"{find}\n    if message.sender_id != user_id: {refuse}")


@fault(breaks=["REAC-1"], also=[*ADDED, "SYNC-1s"])
def reaction_told_to_nobody(patch: Patch) -> None:
    """Nobody learns of a reaction, wherever that is watched."""
    audience.told_to_nobody(patch, ReactionAdded)


@fault(breaks=["REAC-1", "PERM-1"], also=[*ADDED, "SYNC-1s"])
def removal_broadcasts_nothing(patch: Patch) -> None:
    """Nobody learns that a reaction was removed, wherever that is watched."""
    audience.told_to_nobody(patch, ReactionRemoved)


@fault(breaks=["REAC-1"], also=[*ADDED, "SYNC-1s"])
def removal_told_as_reaction(patch: Patch) -> None:
    """The removal of a reaction is told as one more reaction."""
    change_frames(patch, ReactionRemoved, lambda frame: frame.update(type="ReactionAdded"))


@fault(breaks=["REAC-1"], also=["AUTH-2"])
def reaction_told_to_the_others(patch: Patch) -> None:
    """No connection of the user who reacts is told, against the profile."""
    for handler in (realtime.add_reaction, realtime.remove_reaction):
        patch.rewrite(handler, "tell(conversation_id, event)", "tell(conversation_id, event, besides=user_id)")


@fault(breaks=["REAC-1"], also=["MULTI-1", "CONN-8", "SYNC-3", "AUTH-5"])
def reaction_told_to_one_device(patch: Patch) -> None:
    """One connection of each user learns of a reaction."""
    audience.told_to_one_device(patch, ReactionAdded)


@fault(breaks=["REAC-1"], also=["MULTI-1", "CONN-8", "SYNC-3", "AUTH-5"])
def removal_told_to_one_device(patch: Patch) -> None:
    """One connection of each user learns that a reaction was removed."""
    audience.told_to_one_device(patch, ReactionRemoved)


@fault(breaks=["REAC-1"], also=["PERM-1", "PERM-2"])
def reaction_kept_from_readers(patch: Patch) -> None:
    """Members who may only read do not learn of a reaction."""
    audience.not_told_to_readers(patch, ReactionAdded)


@fault(breaks=["REAC-1"], also=["PERM-1", "PERM-2"])
def removal_kept_from_readers(patch: Patch) -> None:
    """Members who may only read do not learn that a reaction was removed."""
    audience.not_told_to_readers(patch, ReactionRemoved)


@fault(breaks=["REAC-1"], also=[*ADDED, "SYNC-2"])
def reaction_reaches_those_who_have_not_joined(patch: Patch) -> None:
    """Members learn of reactions without joining, wherever one watches silence."""
    audience.told_to_those_who_have_not_joined(patch, BOTH)


@fault(breaks=["REAC-1"], also=[*ADDED, "SYNC-1s"])
def reaction_told_twice(patch: Patch) -> None:
    """Whoever learns of a reaction learns of it twice, wherever that is watched."""
    audience.told_twice(patch, ReactionAdded)


@fault(breaks=["REAC-1"], also=ADDED)
def removal_told_twice(patch: Patch) -> None:
    """Whoever learns that a reaction was removed learns it twice, wherever that is watched."""
    audience.told_twice(patch, ReactionRemoved)


@fault(breaks=["REAC-1"], also=SHOWN)
def history_without_reactions(patch: Patch) -> None:
    """History, search and sync show no reactions."""
    patch.rewrite(history._describe, "found.get(message.message_id, {})", "{}")


@fault(breaks=["REAC-1"], also=["REAC-6", "HIST-8", "SRCH-9", "SYNC-7"])
def history_gives_reactions_to_every_message(patch: Patch) -> None:
    """All messages of a page have the reactions of one of them."""
    patch.rewrite(history._describe, "found.get(message.message_id, {})", "next(iter(found.values()), {})")


@fault(breaks=["REAC-1"], also=["SYNC-1s", "CONN-11"])
def removal_is_only_told(patch: Patch) -> None:
    """A reaction that was removed stays in history."""
    patch(reactions, "remove", reactions.exists)


@fault(breaks=["REAC-1"], also=["REAC-3", "REAC-5"])
def removal_removes_all_of_the_user(patch: Patch) -> None:
    """Removing one reaction removes all of the user's on that message."""
    patch(reactions, "_REMOVE", delete(REACTIONS).where(reactions._of_message, reactions._by_user))


@fault(breaks=["REAC-1"], also=["REAC-5", "REAC-6", "SYNC-1s", "EDIT-3"])
def one_reaction_per_user(patch: Patch) -> None:
    """A reaction replaces the user's one before on that message."""
    all_of_the_user = delete(REACTIONS).where(reactions._of_message, reactions._by_user)

    @patch.around(reactions, "add")
    def add(original, connection, message_id, user_id, *rest):
        connection.execute(all_of_the_user, {"message": message_id, "user": user_id})
        original(connection, message_id, user_id, *rest)


@fault(breaks=["REAC-1"], also=SHOWN)
def last_reaction_stays(patch: Patch) -> None:
    """The last reaction of a message stays in history when it is removed."""

    @patch.around(reactions, "remove")
    def remove(original, connection, message_id, *rest):
        left = reactions.of_messages(connection, [message_id]).get(message_id, {})
        only_one = sum(len(users) for users in left.values()) == 1
        return reactions.exists(connection, message_id, *rest) if only_one else original(connection, message_id, *rest)


@fault(breaks=["REAC-5"], also=["REAC-6", "ACK-4", "MULTI-1", "PERM-2"])
def emoji_are_compared_by_a_collation(patch: Patch) -> None:
    """All characters beyond 16 bits are equal, as in old collations, so that a second emoji is there already."""

    def same(emoji):
        return "".join(char if ord(char) < 0x10000 else "?" for char in emoji)

    @patch.around(reactions, "exists")
    def exists(original, connection, message_id, user_id, emoji):
        found = reactions.of_messages(connection, [message_id]).get(message_id, {})
        return any(same(one) == same(emoji) and user_id in users for one, users in found.items())


@fault(breaks=["REAC-2"])
def reaction_counts_twice(patch: Patch) -> None:
    """A user who adds the same reaction again is listed twice."""
    again: list = []

    @patch.around(reactions, "exists")
    def exists(original, connection, message_id, user_id, emoji):
        there = original(connection, message_id, user_id, emoji)
        again.extend([(message_id, user_id, emoji)] if there else [])
        return there

    @patch.around(reactions, "of_messages")
    def of_messages(original, connection, message_ids):
        found = original(connection, message_ids)
        for message_id, user_id, emoji in again:
            found.get(message_id, {}).get(emoji, []).append(user_id)
        return found


@fault(breaks=["REAC-2"])
def reaction_counts_per_device(patch: Patch) -> None:
    """A user who adds the same reaction on two devices is listed twice."""
    by: dict = {}

    @patch.around(realtime, "add_reaction")
    async def add_reaction(original, context, request):
        by.setdefault((request.message_id, context.user_id, request.emoji), set()).add(context.connection)
        return await original(context, request)

    @patch.around(reactions, "of_messages")
    def of_messages(original, connection, message_ids):
        found = original(connection, message_ids)
        for (message_id, user_id, emoji), connections in by.items():
            found.get(message_id, {}).get(emoji, []).extend([user_id] * (len(connections) - 1))
        return found


@fault(breaks=["REAC-2"], also=["REAC-2s"])
def reaction_toggles(patch: Patch) -> None:
    """Adding a reaction that is there removes it."""
    there = "if reactions.exists(connection, message.message_id, user_id, request.emoji):"
    gone = "reactions.remove(connection, message.message_id, user_id, request.emoji)"
    patch.rewrite(realtime._add_reaction, there, f"{there}\n        {gone}")


@fault(breaks=["REAC-2s"])
def repeated_reaction_is_told(patch: Patch) -> None:
    """Adding a reaction that is there is told."""
    patch.rewrite(realtime.add_reaction, IF_ADDED, f"{IF_ADDED.removeprefix('if ')[:-1]}\n        if True:")


@fault(breaks=["REAC-2s"])
def repeated_reaction_is_told_as_removal(patch: Patch) -> None:
    """Adding a reaction that is there is told as its removal."""

    @patch.around(realtime, "add_reaction")
    async def add_reaction(original, context, request):
        arguments = request.message_id, context.user_id, request.emoji
        if await context.read(reactions.exists, *arguments):
            event = ReactionRemoved(request.conversation_id, *arguments)
            await context.instance.tell(request.conversation_id, event)
        return await original(context, request)


@fault(breaks=["REAC-3"], also=["REAC-4", "REAC-5"])
def removal_removes_others(patch: Patch) -> None:
    """Removing a reaction removes it for all users."""
    patch(reactions, "_REMOVE", delete(REACTIONS).where(reactions._of_message, reactions._with_emoji))


@fault(breaks=["REAC-3"])
def removing_nothing_adds(patch: Patch) -> None:
    """Removing a reaction that is not there adds it."""
    gone = "return False"
    patch.rewrite(
        realtime._remove_reaction,
        gone,
        f"reactions.add(connection, message.message_id, user_id, request.emoji, stamp)\n        {gone}",
    )


@fault(breaks=["REAC-3"])
def author_removes_all_reactions(patch: Patch) -> None:
    """When the author of a message removes a reaction, all of them go."""
    everything = delete(REACTIONS).where(reactions._of_message)

    @patch.around(realtime, "_remove_reaction")
    def remove(original, connection, request, user_id):
        removed = original(connection, request, user_id)
        if store.find(connection, request.conversation_id, request.message_id).sender_id == user_id:
            connection.execute(everything, {"message": request.message_id})
        return removed


@fault(breaks=["REAC-3s"])
def removal_broadcasts_nothing_there(patch: Patch) -> None:
    """Removing a reaction that is not there is told."""
    patch.rewrite(realtime.remove_reaction, IF_REMOVED, f"{IF_REMOVED.removeprefix('if ')[:-1]}\n        if True:")


@fault(breaks=["REAC-3s"], also=["ACK-3"])
def removing_other_emoji_is_told(patch: Patch) -> None:
    """Removing a reaction that only another user has made is told."""

    @patch.around(realtime, "remove_reaction")
    async def remove_reaction(original, context, request):
        found = await context.read(reactions.of_messages, [request.message_id])
        users = found.get(request.message_id, {}).get(request.emoji, [])
        if users and context.user_id not in users:
            event = ReactionRemoved(request.conversation_id, request.message_id, context.user_id, request.emoji)
            await context.instance.tell(request.conversation_id, event)
        return await original(context, request)


def _list(patch: Patch, users) -> None:
    """List other users under an emoji."""

    @patch.around(reactions, "of_messages")
    def of_messages(original, *arguments):
        found = original(*arguments)
        return {message: {emoji: users(those) for emoji, those in each.items()} for message, each in found.items()}


@fault(breaks=["REAC-4"], also=["REAC-3", "REAC-6"])
def last_user_of_an_emoji_counts(patch: Patch) -> None:
    """Only the last user is listed under an emoji."""
    _list(patch, lambda users: users[-1:])


@fault(breaks=["REAC-4"], also=["REAC-3", "REAC-6"])
def first_user_of_an_emoji_counts(patch: Patch) -> None:
    """Only the first user is listed under an emoji."""
    _list(patch, lambda users: users[:1])


@fault(breaks=["REAC-4"], also=["REAC-3"])
def second_user_of_an_emoji_is_refused(patch: Patch) -> None:
    """An emoji that another user has reacted with is refused."""

    @patch.around(reactions, "add")
    def add(original, connection, message_id, user_id, emoji, stamp):
        if emoji in reactions.of_messages(connection, [message_id]).get(message_id, {}):
            raise Refused("conflict", "It is there.")
        original(connection, message_id, user_id, emoji, stamp)


@fault(breaks=["REAC-5"], also=["REAC-1", "EDIT-3"])
def reaction_emoji_normalized(patch: Patch) -> None:
    """The variation selector of an emoji is lost."""
    _take(patch, lambda emoji: emoji.replace("\ufe0f", ""))


@fault(breaks=["REAC-5"], also=["REAC-1", "EDIT-3"])
def stored_emoji_normalized(patch: Patch) -> None:
    """The variation selector of an emoji is lost in history, and not in the live event."""
    _store(patch, lambda emoji: emoji.replace("\ufe0f", ""))


@fault(breaks=["REAC-5"])
def emoji_without_skin_tone(patch: Patch) -> None:
    """The skin tone of an emoji is lost."""
    _take(patch, lambda emoji: "".join(char for char in emoji if unicodedata.category(char) != "Sk"))


@fault(breaks=["REAC-5"])
def emoji_without_joiners(patch: Patch) -> None:
    """The zero-width joiners of an emoji are lost."""
    _take(patch, lambda emoji: emoji.replace("\u200d", ""))


@fault(breaks=["REAC-5"], also=["REAC-1", "EDIT-3"])
def emoji_is_its_first_character(patch: Patch) -> None:
    """Only the first character of an emoji is taken."""
    _take(patch, lambda emoji: emoji[:1])


@fault(breaks=["REAC-5"], also=["EDIT-3"])
def stored_emoji_is_its_first_character(patch: Patch) -> None:
    """Only the first character of an emoji is stored; the live event has all of it."""
    _store(patch, lambda emoji: emoji[:1])


@fault(breaks=["REAC-5"])
def sequence_gets_a_variation_selector(patch: Patch) -> None:
    """A variation selector is put behind an emoji of several, joined by zero-width joiners."""
    _take(patch, lambda emoji: f"{emoji}\ufe0f" if "\u200d" in emoji else emoji)


@fault(breaks=["REAC-6"])
def empty_emoji_accepted(patch: Patch) -> None:
    """A reaction may be empty."""
    patch.rewrite(content_rules.check_emoji, "not emoji or any", "any")


@fault(breaks=["REAC-6"])
def blank_emoji_accepted(patch: Patch) -> None:
    """A reaction may be white space."""
    patch.rewrite(content_rules.check_emoji, "any(character.isspace() for character in emoji)", "False")


@fault(breaks=["REAC-6"])
def only_ascii_emoji_is_blank(patch: Patch) -> None:
    """White space beyond ASCII is a reaction."""
    patch.rewrite(content_rules.check_emoji, "character.isspace()", "character in ' \\t\\r\\n'")


@fault(breaks=["REAC-6"])
def emoji_counted_in_characters(patch: Patch) -> None:
    """The length of a reaction is counted in characters."""
    patch.rewrite(content_rules.check_emoji, "len(emoji.encode())", "len(emoji)")


@fault(breaks=["REAC-6"])
def long_emoji_is_cut(patch: Patch) -> None:
    """A reaction that is too long is cut."""
    _take(patch, lambda emoji: emoji.encode()[:64].decode(errors="ignore"))


@fault(breaks=["REAC-5"])
def emoji_of_many_bytes_refused(patch: Patch) -> None:
    """A reaction of more than 24 bytes, as a family has, is refused."""
    patch.rewrite(content_rules.check_emoji, "> limits.emoji_bytes", "> 24")


@fault(breaks=["REAC-6"])
def any_number_of_reactions(patch: Patch) -> None:
    """A user may react any number of times to a message."""
    patch.rewrite(realtime._add_reaction, ">= limits.reactions", "> 1000")


@fault(breaks=["REAC-6"])
def one_reaction_too_many(patch: Patch) -> None:
    """A user may react once more than the limit says."""
    patch.rewrite(realtime._add_reaction, ">= limits.reactions", "> limits.reactions")


@fault(breaks=["REAC-6"])
def one_reaction_too_few(patch: Patch) -> None:
    """A user may react once less than the limit says."""
    patch.rewrite(realtime._add_reaction, ">= limits.reactions", ">= limits.reactions - 1")


@fault(breaks=["REAC-6"])
def reactions_counted_per_message(patch: Patch) -> None:
    """The reactions of all users to a message count for each of them."""
    patch(reactions, "_COUNT", reactions.select(reactions.func.count()).where(reactions._of_message))


@fault(breaks=["REAC-6"])
def reactions_counted_per_user(patch: Patch) -> None:
    """The reactions of a user to all messages count for each of them."""
    patch(reactions, "_COUNT", reactions.select(reactions.func.count()).where(reactions._by_user))


@fault(breaks=["REAC-6"])
def one_reaction_too_many_replaces_the_first(patch: Patch) -> None:
    """A reaction over the limit replaces an earlier one."""
    full = "if reactions.count(connection, message.message_id, user_id) >= limits.reactions:"
    first = "reactions.of_messages(connection, [message.message_id])[message.message_id]"
    gone = f"reactions.remove(connection, message.message_id, user_id, next(iter({first})))"
    patch.rewrite(realtime._add_reaction, full, f"{full}\n        {gone}\n    if False:")


@fault(breaks=["REAC-7"], also=OPENED)
def outsiders_react(patch: Patch) -> None:
    """Everybody may react: a right too many."""
    patch.rewrite(realtime._add_reaction, ACQUIRE, LOCK)


@fault(breaks=["REAC-7"], also=OPENED)
def outsiders_remove_reactions(patch: Patch) -> None:
    """Everybody may remove own reactions, of which an outsider has none."""
    patch.rewrite(realtime._remove_reaction, ACQUIRE, LOCK)


@fault(breaks=["REAC-7"], also=OPENED)
def refused_reaction_is_stored(patch: Patch) -> None:
    """Whoever may not react is refused, and the reaction is stored."""

    @patch.around(realtime, "add_reaction")
    async def add_reaction(original, context, request):
        try:
            return await original(context, request)
        except Refused as refused:
            if refused.code in {"not_found", "forbidden"}:
                arguments = request.message_id, context.user_id, request.emoji, realtime.conversations.now()
                await context.write(reactions.add, *arguments)
            raise


@fault(breaks=["REAC-7"], also=OPENED)
def refused_reaction_is_told(patch: Patch) -> None:
    """Whoever may not react is refused, and the members are told."""

    @patch.around(realtime, "add_reaction")
    async def add_reaction(original, context, request):
        try:
            return await original(context, request)
        except Refused as refused:
            if refused.code in {"not_found", "forbidden"}:
                event = ReactionAdded(request.conversation_id, request.message_id, context.user_id, request.emoji)
                await context.instance.tell(request.conversation_id, event)
            raise


@fault(breaks=["REAC-7"], also=["PERM-1", "PERM-3", "ACK-3", "DEL-4s"])
def outsiders_react_by_way_of_their_own(patch: Patch) -> None:
    """Whoever may send in one conversation may react to messages of any."""
    anywhere = store._COLUMNS.where(store._message.id == store.bindparam("message"))

    @patch.around(realtime, "_add_reaction")
    def add(original, *arguments):
        in_conversation, store._FIND = store._FIND, anywhere
        try:
            return original(*arguments)
        finally:
            store._FIND = in_conversation


@fault(breaks=["REAC-1"], also=["REAC-4"])
def reactions_of_many_users_are_cut(patch: Patch) -> None:
    """Views list at most two users under an emoji."""

    @patch.around(history, "describe")
    def describe(original, message, reacted):
        return original(message, {emoji: users[:2] for emoji, users in reacted.items()})


@fault(breaks=["REAC-1"])
def views_show_three_emoji(patch: Patch) -> None:
    """Views show the first three emoji of a message."""

    @patch.around(history, "describe")
    def describe(original, message, reacted):
        return original(message, dict([*reacted.items()][:3]))
