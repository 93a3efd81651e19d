"""Draws who is there when a conversation begins: users with their roles, devices, and who has joined where."""

from __future__ import annotations

from typing import TYPE_CHECKING

from conformance.engine.explore import means
from conformance.engine.explore.conversation import Conversation
from conformance.engine.explore.draw_members import DEVICE
from conformance.target.accounts import Room

if TYPE_CHECKING:
    from conformance.engine.explore.draw_fields import Draws
    from conformance.engine.explore.drawing import Drawing

WITNESS = "ann"
USERS = ("bob", "cid", "dee", "eve")
MORE_USERS = ("fay", "gil", "hal", "ida")
ROOMS = ("lobby", "den")
MORE_DEVICES = ("three", "four")
CROWDED = 6
"""Of 100 conversations: those in which one user has still more devices, and those that have still more members."""
UNJOINED = 10
"""Of 100 members: those who have not joined at the beginning."""


def start_of(draws: Draws, drawing: Drawing) -> Conversation:
    """Draw a conversation without any step."""
    protocol, limits, without = drawing.spec.protocol, drawing.limits, drawing.without
    crowd = not without & {means.USERS, means.OUTSIDERS} and draws.chance(CROWDED)
    crowd = crowd and limits.connections > 1 + len(USERS) + len(MORE_USERS)
    some = USERS[: 1 if means.USERS in without else draws.pick([2, 1, 2, 3, 3, 4])]
    users = (WITNESS, *USERS, *MORE_USERS) if crowd else (WITNESS, *some)
    names = ROOMS[: 1 if means.ROOMS in without else draws.number(1, len(ROOMS))]
    open_too = limits.all("options.public_conversations") and means.VISIBILITIES not in without
    public = [*protocol.visibilities] if open_too else protocol.visibilities[:1]
    others = [] if means.ROLES in without else [one for one in protocol.roles if one != protocol.default_role]
    roles = [protocol.default_role] * 4 + others
    nobody = [] if means.OUTSIDERS in without else [protocol.no_member]
    rooms, joined = {}, {}
    devices = [] if crowd else [f"{who}@{DEVICE}" for who in users[:2] if draws.chance(20)]
    if not crowd and draws.chance(CROWDED) and limits.connections >= len(users) + len(USERS) + 1:
        devices = sorted({*devices, *(f"{users[1]}@{one}" for one in (DEVICE, *MORE_DEVICES))})
    top = protocol.default_role if means.ROLES in without else next(iter(protocol.roles))
    for name in names:
        kept = crowd and name == names[0]  # all of them are members of one conversation
        members = {WITNESS: top} | {who: draws.pick(roles if kept else [*roles, *nobody]) for who in users[1:]}
        inside = {who: role for who, role in members.items() if role != protocol.no_member}
        rooms[name] = Room(draws.pick(public), inside)
        may = [
            who
            for who in (*users, *devices)
            if protocol.join_right in protocol.roles.get(members[who.partition("@")[0]], ())
        ]
        joined[name] = tuple(who for who in may if who == WITNESS or not draws.chance(UNJOINED))
    places = range(1, limits.instances + 1)
    return Conversation(
        users={who: draws.pick(places) for who in users},
        devices={who: draws.pick(places) for who in devices},
        rooms=rooms,
        joined=joined,
        witness=WITNESS,
        steps=(),
    )
