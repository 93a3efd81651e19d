"""Numbers, texts, instants, ids and fields of its own that a server may write in other ways."""

import itertools
import json
import re
import secrets
import time
import uuid
from datetime import datetime, timedelta

from reference_server import cursor, new_ids, session
from reference_server.store import conversations
from tests.variants.registry import Patch, variant
from tests.variants.tools import change_frames, everywhere, reshape_text

INSTANT = re.compile(r'"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)"')
COUNT = re.compile(r'"(total|size|width|height|sdp_mline_index)":(-?\d+)(?=[,}])')
CHARACTER = re.compile(r'"(?:[^"\\]|\\.)*"')
TIMES = ["HIST-8s", "SYNC-*", "EDIT-3", "CONN-11"]
TEXTS = ["SEND-1", "HIST-8", "REAC-5", "ATT-1", "CALL-3", "EDIT-1"]


def _in_zone(patch: Patch, hours: float, name: str) -> None:
    """Write every instant in a zone."""

    def local(found):
        instant = datetime.fromisoformat(found[1].replace("Z", "+00:00")) + timedelta(hours=hours)
        return f'"{instant:%Y-%m-%dT%H:%M:%S.%f}{name}"'

    reshape_text(patch, lambda text: INSTANT.sub(local, text))


@variant(about=["SRCH-4", "ATT-1", "CALL-9"])
def counts_are_floats(patch: Patch) -> None:
    """JSON has one kind of number: `3.0` is 3, as JavaScript and Lua write it."""
    reshape_text(patch, lambda text: COUNT.sub(r'"\1":\2.0', text))


@variant(about=["SRCH-4", "ATT-1", "CALL-9"])
def counts_have_exponents(patch: Patch) -> None:
    """JSON has one kind of number: `3E0` is 3."""
    reshape_text(patch, lambda text: COUNT.sub(r'"\1":\2E+00', text))


@variant(about=TEXTS)
def everything_escaped(patch: Patch) -> None:
    r"""Each character of a string, also of a key, may be a \u escape, in upper case and in two halves."""

    def escaped(found):
        units = json.loads(found[0]).encode("utf-16-be", "surrogatepass")
        return '"' + "".join(f"\\u{units[at]:02X}{units[at + 1]:02X}" for at in range(0, len(units), 2)) + '"'

    reshape_text(patch, lambda text: CHARACTER.sub(escaped, text))


@variant(about=["CONN-1", "CONN-11"])
def odd_fields_of_its_own(patch: Patch) -> None:
    """What a server adds may have any JSON type, any size and any name."""
    deep = json.loads("[" * 40 + "]" * 40)
    extra = {
        "": "",
        "$": 2**70,
        "a.b": -0.0,
        "__proto__": 1e300,
        "type ": None,
        "Type": "Ping",
        "ID": deep,
        "é": "\u2028",
    }
    change_frames(patch, lambda frame: everywhere(frame, lambda value: {**value, **extra}))


@variant(about=["CONN-11"])
def fields_of_its_own_in_other_forms(patch: Patch) -> None:
    """Ids are in lower case and instants have a zone in fields of the protocol: a trace may look as it likes."""
    extra = {"trace": str(uuid.uuid4()).upper(), "at": "2026-01-01 00:00:00", "tags": None, "user": {"user": {"id": 7}}}
    change_frames(patch, lambda frame: everywhere(frame, lambda value: {**extra, **value}))


@variant(about=["HIST-1", "SRCH-4", "SYNC-1"])
def messages_in_pages_have_a_type(patch: Patch) -> None:
    """Objects within a frame may have a type of their own, and the same one as a frame."""
    change_frames(
        patch, lambda frame: {**everywhere(frame, lambda value: {"type": "NewMessage", **value}), "type": frame["type"]}
    )


@variant(about=["SEND-1"])
def padded_with_spaces(patch: Patch) -> None:
    """White space between tokens may be long."""
    reshape_text(patch, lambda text: "{" + " " * 3000 + text[1:-1] + "\n" * 1000 + "}")


@variant(about=TIMES)
def lower_case_t_and_z(patch: Patch) -> None:
    """RFC 3339 takes `t` and `z` as well as `T` and `Z`."""
    reshape_text(patch, lambda text: INSTANT.sub(lambda found: found[0].lower(), text))


@variant(about=TIMES)
def unknown_offset(patch: Patch) -> None:
    """RFC 3339 writes `-00:00` where the time in UTC is known and the place is not."""
    _in_zone(patch, 0, "-00:00")


@variant(about=TIMES)
def offset_of_half_hours(patch: Patch) -> None:
    """A zone may be west, and no whole number of hours away."""
    _in_zone(patch, -3.5, "-03:30")


@variant(about=TIMES)
def offset_of_another_day(patch: Patch) -> None:
    """A zone may be so far east that it is often tomorrow there."""
    _in_zone(patch, 14, "+14:00")


@variant(about=TIMES)
def three_digits(patch: Patch) -> None:
    """A server may keep milliseconds and write just these, as JavaScript does."""
    patch(conversations, "TICK", timedelta(milliseconds=1))
    patch.around(conversations, "now")(
        lambda original: (now := original()).replace(microsecond=now.microsecond // 1000 * 1000)
    )
    short = re.compile(r"(T\d\d:\d\d:\d\d)(?:\.(\d+))?Z")
    reshape_text(patch, lambda text: short.sub(lambda found: f"{found[1]}.{(found[2] or '')[:3]:0<3}Z", text))


@variant(about=["CONN-2", "AUTH-5"])
def long_error_texts(patch: Patch) -> None:
    """The text of an error may be a stack trace of 20 kB."""
    trace = "".join(f'\n  File "chat.py", line {line}, in handle' for line in range(500))
    change_frames(patch, lambda frame: frame | {"message": frame["message"] + trace} if "code" in frame else frame)


@variant(about=["CONN-2", "CONN-3", "CONN-4", "AUTH-5"])
def errors_echo_the_request(patch: Patch) -> None:
    """The text of an error may show what it is about, in full."""

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        reply = await original(context, frame)
        value = json.loads(reply or "{}")
        if value.get("type") != "Error":
            return reply
        return json.dumps(
            value | {"message": f"{value['message']} in {frame.get('text')}", "request": frame.get("text")}
        )


@variant(about=["CONN-2", "CONN-3"])
def error_texts_look_like_frames(patch: Patch) -> None:
    """The text of an error may hold JSON, and names of types."""
    said = '{"type":"NewMessage","action":"message_sent"} expected one of `NewMessage`, `Pong`'
    change_frames(patch, lambda frame: frame | {"message": said} if frame["type"] == "Error" else frame)


@variant(about=["ACK-*"])
def confirmations_carry_the_request(patch: Patch) -> None:
    """A confirmation may give the request back, and so tell the sender which one it is about."""

    @patch.around(session, "answer")
    async def answer(original, context, frame):
        reply = await original(context, frame)
        value = json.loads(reply or "{}")
        if value.get("type") != "ActionConfirmed":
            return reply
        request = json.loads(frame["text"])
        return json.dumps({**request, "request": request, **value})


@variant()
def ids_of_version_1(patch: Patch) -> None:
    """An id may hold the time and the place of its making."""
    patch(new_ids, "uuid4", lambda: uuid.uuid1(secrets.randbits(47), next(_clock) % 2**14))


_clock = itertools.count()


@variant(about=["HIST-2", "HIST-3", "HIST-5*"])
def cursors_never_alike(patch: Patch) -> None:
    """A cursor may be sealed anew each time, so that the same place has another word."""
    patch.around(cursor, "encode")(lambda original, *place: f"{secrets.token_hex(8)}.{original(*place)}")
    patch.around(cursor, "decode")(lambda original, word, place: original(word.partition(".")[2], place))


def _shift_the_clock(patch: Patch, seconds: float) -> None:
    patch.around(conversations, "now")(lambda original: original() + timedelta(seconds=seconds))


@variant(about=["SYNC-*", "READ-1", "EDIT-1"])
def clock_five_minutes_ahead(patch: Patch) -> None:
    """A server's clock may be five minutes ahead of its client's."""
    _shift_the_clock(patch, 300)


@variant(about=["SYNC-*", "READ-1", "EDIT-1"])
def clock_five_minutes_behind(patch: Patch) -> None:
    """A server's clock may be five minutes behind its client's."""
    _shift_the_clock(patch, -300)


@variant(about=["SYNC-*", "HIST-2"])
def clock_steps_back(patch: Patch) -> None:
    """A clock may be set back by 50 ms now and then, if the stamps of a conversation still rise."""
    began = time.monotonic()
    patch.around(conversations, "now")(
        lambda original: original() - timedelta(seconds=0.05 * int((time.monotonic() - began) * 2))
    )
