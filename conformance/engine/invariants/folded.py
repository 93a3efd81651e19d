"""Checks that pages show the state that events have announced: the texts of messages, and the members of their lists.

Judged only if all requests are observed: then each value on a page comes from an event or from a request.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.invariants.bounded import Bounded
from conformance.engine.invariants.changes import Changes
from conformance.engine.invariants.check import Check, items, text
from conformance.engine.invariants.loose import loose
from conformance.engine.invariants.replies import terminal_types
from conformance.engine.invariants.values import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from conformance.engine.invariants.check import Moment, Setting
    from conformance.engine.invariants.replies import Request
    from conformance.spec.invariants import Invariant

MOST_MESSAGES = 20_000
"""The most messages whose changes are remembered; after more, nothing is judged."""

MOST_ODD = 1000
"""The most requests without a reply that do not fit their schema; after more, nothing is judged."""

Subject = tuple[object, ...]


class Folded(Check):
    """Pages show messages in the state that the events before the request for the page have announced.

    A request that is not valid JSON may change anything, so nothing is judged after it. After a request that does not
    fit its schema, nothing is judged until it is refused. A message is no longer judged after a request to delete it.
    """

    def __init__(self, invariant: Invariant, setting: Setting) -> None:
        super().__init__(invariant, setting)
        self._pages = self.facts["pages"]
        self._changing: dict[str, Mapping[str, Any]] = {one["request"]: one for one in self.facts["changes"]}
        self._telling: dict[str, Mapping[str, Any]] = {one["frame"]: one for one in self.facts["changes"]}
        self._deletes = self.facts["deletes"]
        replies = {kind: one.reply for kind, one in setting.spec.incoming.items() if one.reply is not None}
        key = setting.spec.protocol.discriminator
        self._reading = frozenset(kind for kind, reply in replies.items() if reply[key] in self._pages)
        self.types = frozenset(
            {*self._telling, *self._pages, self.facts.get("frame", ""), *terminal_types(setting.spec)}
        )
        self._known: Bounded[Subject, Changes[Any]] = Bounded(MOST_MESSAGES)
        self._subjects: dict[int, Changes[Any]] = {}
        self._odd: set[int] = set()
        self._deleting: dict[str, set[int]] = {}
        self._dying: dict[int, str] = {}
        self._judges = setting.complete

    def sent(self, moment: Moment) -> Iterable[Finding]:
        """Note a request that may change something."""
        request = moment.request
        if not self._judges or request is None:
            return ()
        if request.wild:
            self._judges = False
        elif request.type is not None and (request.type == self._deletes or request.type in self._changing):
            if not request.sound:
                self._odd.add(request.index)
                self._judges = len(self._odd) <= MOST_ODD
            elif request.type == self._deletes:
                self._delete(request)
            else:
                self._ask(self._changing[request.type], moment.frame or {}, moment)
        return ()

    def received(self, moment: Moment) -> Iterator[Finding]:
        """Note a refusal or an event, or judge a page."""
        if not self._judges:
            return
        request = moment.answer.request if moment.answer is not None else None
        if request is not None and request.type not in self._reading:
            self._settle(request, refused=moment.type == self.setting.spec.protocol.error)
        elif moment.type in self._telling or moment.type == self.facts.get("frame"):
            self._told(moment.frame or {}, moment)
        elif moment.type in self._pages and request is not None and not self._odd and not self._known.forgetful:
            for one in items(moment.frame or {}, self._pages[moment.type]["list"]):
                name = text(one.get(self.facts["message"]))
                if name is None or self._deleting.get(name) or one.get(self.facts["unless"]) is not None:
                    continue
                yield from self.shown(name, one, request, moment)

    def shown(self, name: str, message: Mapping[str, Any], request: Request, moment: Moment) -> Iterator[Finding]:
        """Judge a message in a page."""
        raise NotImplementedError

    def asked(
        self, change: Mapping[str, Any], frame: Mapping[str, Any], user: str | None
    ) -> tuple[Subject, Any] | None:
        """Give the subject that a request changes, and its new value."""
        raise NotImplementedError

    def told(self, frame: Mapping[str, Any], moment: Moment) -> tuple[Subject, Any] | None:
        """Give the subject of an event, and its value in the event."""
        raise NotImplementedError

    def changes(self, subject: Subject) -> Changes[Any]:
        """Give the known changes of a subject."""
        found = self._known.get(subject)
        if found is None:
            found = self.beginning()
            self._known.set(subject, found)
        return found

    def beginning(self) -> Changes[Any]:
        """Give the changes of a subject that no event has named."""
        return Changes()

    def _delete(self, request: Request) -> None:
        name = text(request.fields.get(self.facts["message"]))
        if name is not None:
            self._deleting.setdefault(name.lower(), set()).add(request.index)
            self._dying[request.index] = name.lower()

    def _ask(self, change: Mapping[str, Any], frame: Mapping[str, Any], moment: Moment) -> None:
        asked = self.asked(change, frame, moment.link.user)
        if asked is None:
            self._judges = False
            return
        subject, value = asked
        self._subjects[moment.index] = changes = self.changes(subject)
        changes.ask(value, moment.index)

    def _told(self, frame: Mapping[str, Any], moment: Moment) -> None:
        told = self.told(frame, moment)
        if told is not None:
            subject, value = told
            self.changes(subject).tell(value, moment.index)

    def _settle(self, request: Request, *, refused: bool) -> None:
        """Note the reply to a request; a granted change is pending until its event comes."""
        changes, name = self._subjects.pop(request.index, None), self._dying.pop(request.index, None)
        if refused:
            self._odd.discard(request.index)
            if changes is not None:
                changes.refuse(request.index)
            if name is not None:
                self._deleting[name].discard(request.index)


class FoldedText(Folded):
    """A message has the text of its latest event."""

    def asked(
        self, change: Mapping[str, Any], frame: Mapping[str, Any], user: str | None
    ) -> tuple[Subject, Any] | None:
        """Give the message and its new text."""
        name = text(frame.get(self.facts["message"]))
        return None if name is None else ((name.lower(),), loose(frame.get(self.facts["text"])))

    def told(self, frame: Mapping[str, Any], moment: Moment) -> tuple[Subject, Any] | None:
        """Give the message, and its text in the event."""
        name = text(frame.get(self.facts["message"]))
        return None if name is None else ((name,), loose(frame.get(self.facts["text"])))

    def shown(self, name: str, message: Mapping[str, Any], request: Request, moment: Moment) -> Iterator[Finding]:
        """Compare the text of a message with the events."""
        changes = self.changes((name,))
        if not changes.known(request.index):
            return
        edited = len(changes.told) > 1
        rule = self.rule if edited else self._pages[moment.type]["rule"]
        self.judged(rule)
        if loose(message.get(self.facts["text"])) not in changes.possible(request.index):
            since = "the latest change" if edited else "the message"
            said = f"{moment.type} shows a message with another {self.facts['text']} than the event of {since} told"
            yield Finding(rule, said)


class FoldedMembers(Folded):
    """The members of the lists of a message are those of the events, or those who have requested it."""

    def beginning(self) -> Changes[Any]:
        """Nobody is a member of anything when a message is sent."""
        changes: Changes[Any] = Changes()
        changes.tell(False, -1)
        return changes

    def asked(
        self, change: Mapping[str, Any], frame: Mapping[str, Any], user: str | None
    ) -> tuple[Subject, Any] | None:
        """Give the message, the entry and the user, and whether the user asks to be in it."""
        name = text(frame.get(self.facts["message"]))
        if name is None or user is None:
            return None
        self._seen.setdefault(name.lower(), set()).add((self._key(frame), user))
        return (name.lower(), self._key(frame), user), change["adds"]

    def told(self, frame: Mapping[str, Any], moment: Moment) -> tuple[Subject, Any] | None:
        """Give the same for an event; a new message has no members."""
        change = self._telling.get(moment.type or "")
        name, user = text(frame.get(self.facts["message"])), text(frame.get(self.facts["user"]))
        if change is None or name is None or user is None:
            return None
        self._seen.setdefault(name, set()).add((self._key(frame), user))
        return (name, self._key(frame), user), change["adds"]

    def shown(self, name: str, message: Mapping[str, Any], request: Request, moment: Moment) -> Iterator[Finding]:
        """Compare the members of each entry with the events."""
        there = {
            (self._key(entry), user)
            for entry in items(message, self.facts["entries"])
            for user in entry.get(self.facts["members"]) or ()
            if isinstance(user, str)
        }
        for key, user in sorted(there | self._seen.get(name, set()), key=str):
            changes = self.changes((name, key, user))
            if changes.unclear:
                continue
            self.judged(self.rule)
            is_there = (key, user) in there
            if is_there not in changes.possible(request.index):
                what = "that no event has told" if is_there else "without one that an event has told"
                yield Finding(self.rule, f"{moment.type} shows the {self.facts['entries']} of a message {what}")
                return

    def __init__(self, invariant: Invariant, setting: Setting) -> None:
        super().__init__(invariant, setting)
        self._seen: dict[str, set[tuple[object, str]]] = {}

    def _key(self, value: Mapping[str, Any]) -> object:
        return tuple(loose(value.get(name)) for name in self.facts["key"])
