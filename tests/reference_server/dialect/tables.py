"""A small dialect as the tables that the harness makes: a few other names, and numbers as ids."""

from __future__ import annotations

from typing import Any, get_args

from reference_server.events import Outgoing
from reference_server.messages import Request

INTEGERS = {"conversation_id": "conversation", "user_id": "user"}
PLAIN: dict[str, Any] = {"discriminator": "type", "envelope": None}
IDS = {"fields": {name: {"id": kind} for name, kind in INTEGERS.items()}}
NAMES = {"JoinConversation": "enter", "ActionConfirmed": "ok", "Error": "no", "NewMessage": "said"}
HEARD, SAID = (
    {kind.__name__: NAMES.get(kind.__name__, kind.__name__) for kind in get_args(of)} for of in (Request, Outgoing)
)
TABLES = {
    "source": "staging.yaml",
    "integers": INTEGERS,
    "incoming": PLAIN
    | {
        "types": {wire: kind for kind, wire in HEARD.items()},
        "plans": dict.fromkeys(HEARD, IDS),
        "bare": [],
        "constants": {},
    },
    "outgoing": PLAIN | {"types": SAID, "plans": dict.fromkeys(SAID, IDS), "replies": []},
}
