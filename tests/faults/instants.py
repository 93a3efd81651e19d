"""Instants and tokens: wrong zones, lost digits, and times that are long over."""

import re
from datetime import UTC, datetime, timedelta

from reference_server import auth
from reference_server import messages as wire
from reference_server.errors import Refused
from reference_server.events import MessageDeleted, MessageDelivered, MessageEdited, MessageRead
from reference_server.handlers import history
from reference_server.store import conversations
from reference_server.store import messages as store
from tests.faults.registry import Patch, fault
from tests.faults.tools import change_frames

HOUR = timedelta(hours=1)
CHECKED = "leeway=leeway"


def _read(patch: Patch, change) -> None:
    """Read the text of an instant after a change."""
    patch(wire, "_DATE_TIME", _Changed(wire._DATE_TIME, change))


class _Changed:
    """A pattern that looks at a changed text."""

    def __init__(self, pattern, change) -> None:
        self._pattern, self._change = pattern, change

    def fullmatch(self, text: str):
        return self._pattern.fullmatch(self._change(text))


def _since(patch: Patch, change) -> None:
    """Sync from another instant."""

    @patch.around(store, "changes")
    def changes(original, connection, conversation_id, since, limit):
        return original(connection, conversation_id, change(since), limit)


def _later(patch: Patch, kind: type, field: str) -> None:
    """Write an instant of an event as local time, an hour east, that says it is UTC."""

    def change(frame) -> None:
        frame[field] = (datetime.fromisoformat(frame[field]) + HOUR).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    change_frames(patch, kind, change)


@fault(breaks=["SYNC-1"], also=["SYNC-4"])
def since_without_its_zone(patch: Patch) -> None:
    """The zone of a since is dropped: what it says is taken for UTC."""
    _read(patch, lambda text: re.sub(r"[+-]\d\d:\d\d$", "Z", text))


@fault(breaks=["SYNC-1"])
def since_with_whole_hours_only(patch: Patch) -> None:
    """The minutes of the zone of a since are dropped."""
    _read(patch, lambda text: re.sub(r"([+-]\d\d):\d\d$", r"\1:00", text))


@fault(breaks=["SYNC-1"])
def since_west_is_east(patch: Patch) -> None:
    """A zone west of Greenwich is taken for one to the east."""
    _read(patch, lambda text: re.sub(r"-(\d\d:\d\d)$", r"+\1", text))


@fault(breaks=["SYNC-1"])
def since_needs_milliseconds(patch: Patch) -> None:
    """A since without digits after its seconds is refused."""
    _read(patch, lambda text: text if "." in text or "T00:00:00" in text else "")


@fault(breaks=["SYNC-1"])
def since_has_six_digits_at_most(patch: Patch) -> None:
    """A since with nanoseconds is refused."""
    _read(patch, lambda text: "" if re.search(r"\.\d{7}", text) else text)


@fault(breaks=["SYNC-1", "SYNC-2"])
def since_is_cut_to_milliseconds(patch: Patch) -> None:
    """The last digits of a since are dropped, so that its own message comes again."""
    _since(patch, lambda since: since.replace(microsecond=since.microsecond // 1000 * 1000))


@fault(breaks=["SYNC-2"], also=["SYNC-1"])
def since_is_rounded_up(patch: Patch) -> None:
    """The last digits of a since are rounded up to ten milliseconds, so that what came right after it is lost."""
    _since(
        patch,
        lambda since: since.replace(microsecond=since.microsecond // 10_000 * 10_000) + timedelta(milliseconds=10),
    )


@fault(breaks=["SYNC-2"], also=["SYNC-1"])
def stamps_are_hundredths_of_a_second(patch: Patch) -> None:
    """A sync knows when something changed to a hundredth of a second only, and skips what shares it at a page's end."""
    coarse = lambda stamp: stamp.replace(microsecond=stamp.microsecond // 10_000 * 10_000)  # noqa: E731

    @patch.around(store, "changes")
    def changes(original, connection, conversation_id, since, limit):
        found = original(connection, conversation_id, coarse(since), 10_000)
        return [one for one in found if coarse(one.changed_at) > coarse(since)][:limit]


@fault(breaks=["SYNC-1"])
def since_before_1970_refused(patch: Patch) -> None:
    """A since before 1970 is refused."""
    _refuse(patch, lambda since: since.year < 1970)


@fault(breaks=["SYNC-1"])
def since_on_a_leap_day_refused(patch: Patch) -> None:
    """The 29th of February is no day."""
    _refuse(patch, lambda since: (since.month, since.day) == (2, 29))


def _refuse(patch: Patch, when, code: str = "invalid_message") -> None:
    @patch.around(history, "sync_messages")
    async def sync(original, context, request):
        if when(request.since):
            raise Refused(code, "The instant is out of range.")
        return await original(context, request)


@fault(breaks=["SYNC-1"], also=["CONN-15", "SYNC-5"])
def first_year_is_internal(patch: Patch) -> None:
    """A since in the first year fails somewhere."""
    _refuse(patch, lambda since: since.year == 1, "internal")


@fault(
    breaks=["SEND-12", "EDIT-6", "DEL-7", "READ-6", "DLVR-6"], also=["SYNC-1", "SYNC-2", "SYNC-3", "SYNC-4", "CONN-11"]
)
def all_instants_are_local(patch: Patch) -> None:
    """The clock is an hour east, and says it is in Greenwich; a sync from now finds what is an hour old."""
    patch(conversations, "now", lambda: datetime.now(UTC) + HOUR)


@fault(breaks=["EDIT-6"], also=["HIST-8"])
def edit_told_an_hour_late(patch: Patch) -> None:
    """The event of an edit has local time that says it is UTC, and history has not."""
    _later(patch, MessageEdited, "edited_at")


@fault(breaks=["DEL-7"])
def deletion_told_an_hour_late(patch: Patch) -> None:
    """The event of a deletion has local time that says it is UTC."""
    _later(patch, MessageDeleted, "deleted_at")


@fault(breaks=["READ-6"])
def reading_told_an_hour_late(patch: Patch) -> None:
    """The event of a read mark has local time that says it is UTC."""
    _later(patch, MessageRead, "read_at")


@fault(breaks=["DLVR-6"])
def delivery_told_an_hour_late(patch: Patch) -> None:
    """The event of a delivery has local time that says it is UTC."""
    _later(patch, MessageDelivered, "delivered_at")


@fault(breaks=["AUTH-1"])
def token_lives_ten_minutes_longer(patch: Patch) -> None:
    """A token is accepted for ten minutes after its end."""
    patch.rewrite(auth.authenticate, CHECKED, "leeway=600")


@fault(breaks=["AUTH-6"])
def token_with_a_long_life_refused(patch: Patch) -> None:
    """A token that is valid for more than a year is refused."""
    _judge(patch, lambda ends: ends > datetime.now(UTC).timestamp() + 366 * 86_400)


@fault(breaks=["AUTH-6"])
def token_near_its_end_refused(patch: Patch) -> None:
    """A token that ends within five minutes is refused."""
    _judge(patch, lambda ends: ends < datetime.now(UTC).timestamp() + 300)


def _judge(patch: Patch, refuses) -> None:
    @patch.around(auth, "authenticate")
    def authenticate(original, *arguments):
        identity = original(*arguments)
        if refuses(identity.expires_at):
            raise auth.InvalidTokenError("The token is not valid now.")
        return identity
