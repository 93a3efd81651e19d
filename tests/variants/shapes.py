"""The same value, written differently."""

import json
import re

from tests.variants.registry import Patch, variant
from tests.variants.tools import change_frames, everywhere, reshape_text

INSTANT = re.compile(r'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z"')
NAMED = re.compile(r'"(\w+_(?:at|since))":' + INSTANT.pattern)
FRENCH = "Requête refusée : l’opération demandée n’est pas autorisée ou le message JSON est invalide."


@variant()
def keys_reversed(patch: Patch) -> None:
    """JSON objects have no order of keys."""
    change_frames(patch, lambda frame: everywhere(frame, lambda value: dict(reversed(value.items()))))


@variant()
def keys_sorted(patch: Patch) -> None:
    """JSON objects have no order of keys, and some encoders sort them."""
    change_frames(patch, lambda frame: json.dumps(frame, sort_keys=True, ensure_ascii=False))


@variant(about=["CONN-1"])
def unknown_fields_everywhere(patch: Patch) -> None:
    """A server may add fields of its own to every frame and object: a client ignores what it does not know."""
    extra = {"v": 2, "request_id": None, "server": {"name": "chat-1", "tags": []}, "ts": 1767225600.5}
    change_frames(patch, lambda frame: everywhere(frame, lambda value: {**extra, **value}))


@variant()
def confirmations_say_more(patch: Patch) -> None:
    """A confirmation may name what it confirms, and an error may say more about itself."""
    more = {
        "ActionConfirmed": {"message": "ok", "conversation_id": None, "data": {"id": 7}},
        "Error": {"details": ["field", "reason"], "status": 400, "success": False},
        "Pong": {"timestamp": 1767225600},
    }
    change_frames(patch, lambda frame: frame | more.get(frame["type"], {}))


@variant()
def french_errors(patch: Patch) -> None:
    """The text of an error is for people, in any language."""
    change_frames(patch, lambda frame: frame | {"message": FRENCH} if frame["type"] == "Error" else frame)


@variant()
def empty_error_texts(patch: Patch) -> None:
    """The text of an error may have nothing to say."""
    change_frames(patch, lambda frame: frame | {"message": ""} if frame["type"] == "Error" else frame)


@variant(amber=["RATE-1s", "CALL-6s"])
def no_error_codes(patch: Patch) -> None:
    """An old server may send no code: only the rules that name one ask for it."""
    change_frames(
        patch, lambda frame: {k: v for k, v in frame.items() if k != "code"} if frame["type"] == "Error" else frame
    )


@variant(amber=["RATE-1s", "CALL-6s"])
def other_error_codes(patch: Patch) -> None:
    """A server may have codes of its own."""
    change_frames(patch, lambda frame: frame | {"code": "E4000"} if frame["type"] == "Error" else frame)


@variant(about=["HIST-3", "ATT-1"])
def absent_instead_of_null(patch: Patch) -> None:
    """What is optional may be absent where there is nothing to say, as with serde's and Go's omission."""

    def without_nulls(value):
        return {key: item for key, item in value.items() if item is not None}

    change_frames(patch, lambda frame: everywhere(frame, without_nulls))


@variant(amber=["RATE-1s", "CALL-6s"])
def error_code_null(patch: Patch) -> None:
    """A code may be null: only the rules that name one ask for it."""
    change_frames(patch, lambda frame: frame | {"code": None} if frame["type"] in ("Error", "Pong") else frame)


@variant(about=["CONN-11", "HIST-8s"])
def offset_zero(patch: Patch) -> None:
    """`+00:00` is the same zone as `Z`."""
    reshape_text(patch, lambda text: INSTANT.sub(_with("{}.{:0<6}+00:00"), text))


@variant(about=["HIST-8s", "SYNC-1", "EDIT-3", "SYNC-4"])
def local_offset(patch: Patch) -> None:
    """An instant may carry any zone, here that of the server's place."""

    def local(found):
        hour = (int(found[1][11:13]) + 2) % 24
        day = found[1][:10] if hour >= 2 else _next_day(found[1][:10])
        return f'"{day}T{hour:02}{found[1][13:]}.{found[2] or 0}+02:00"'

    reshape_text(patch, lambda text: INSTANT.sub(local, text))


@variant(about=["HIST-8s", "SYNC-1"])
def zeros_cut(patch: Patch) -> None:
    """Trailing zeros of a fraction may be cut, as Go does: 0 to 6 digits."""

    def cut(found):
        fraction = (found[2] or "").rstrip("0")
        return f'"{found[1]}{"." if fraction else ""}{fraction}Z"'

    reshape_text(patch, lambda text: INSTANT.sub(cut, text))


@variant(about=["HIST-8s", "SYNC-1"])
def nine_digits(patch: Patch) -> None:
    """A fraction may have nine digits."""
    reshape_text(patch, lambda text: INSTANT.sub(_with("{}.{:0<9}Z"), text))


@variant()
def other_instants_in_seconds(patch: Patch) -> None:
    """What nobody goes on from (when it was edited, deleted, read) may be known to the second only."""

    def whole(found):
        return found[0] if found[1] in ("created_at", "next_since") else f'"{found[1]}":"{found[2]}Z"'

    reshape_text(patch, lambda text: NAMED.sub(whole, text))


@variant()
def pretty_printed(patch: Patch) -> None:
    """White space between JSON tokens means nothing."""
    change_frames(patch, lambda frame: "\r\n\t" + json.dumps(frame, indent=4, ensure_ascii=False) + "\n ")


@variant(about=["SEND-1", "HIST-8", "REAC-5", "ATT-1", "CALL-3", "EDIT-1"])
def ascii_only(patch: Patch) -> None:
    r"""A character and its \u escape are the same JSON string."""
    change_frames(patch, json.dumps)


@variant(about=["SEND-1", "HIST-8", "CALL-3"])
def html_escaped(patch: Patch) -> None:
    r"""Go writes `<`, `>`, `&`, U+2028 and U+2029 as \u escapes, and `/` may be `\/`."""
    codes = {ord(one): f"\\u{ord(one):04x}" for one in "<>&\u2028\u2029"} | {ord("/"): "\\/"}
    reshape_text(patch, lambda text: text.translate(codes))


def _with(form: str):
    return lambda found: f'"{form.format(found[1], found[2] or "")}"'


def _next_day(day: str) -> str:
    from datetime import date, timedelta

    return str(date.fromisoformat(day) + timedelta(days=1))
