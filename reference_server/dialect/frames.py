"""Translates the frames of a dialect: those of clients into the protocol, and those of the server back."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

from reference_server.dialect.tables import Plan

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from reference_server.dialect.numbers import Numbers
    from reference_server.dialect.tables import Envelope, Tables

    OfId = Callable[[str, Any], Any]

logger = logging.getLogger(__name__)


class Translator:
    """Translates whole frames, and keeps no state."""

    def __init__(self, tables: Tables, numbers: Numbers) -> None:
        self._heard = tables.incoming
        self._said = tables.outgoing
        self._numbers = numbers

    def heard(self, text: str) -> str:
        """Translate a frame of a client; one that does not fit the dialect becomes one that is refused."""
        try:
            frame = json.loads(text)
        except (ValueError, RecursionError):
            return text
        if not isinstance(frame, dict):
            return text
        name = frame.pop(self._heard.discriminator, None)
        kind = self._heard.types.get(name) if isinstance(name, str) else None
        if kind is None:
            return json.dumps({"type": f"not {name}" if isinstance(name, str) else None})
        try:
            fields = self._fields(frame, kind)
        except ValueError as wrong:
            logger.warning("A frame does not fit the dialect: %s", wrong)
            return json.dumps({"type": None})
        given = _given(self._heard.plans[kind], fields, self._numbers.to_uuid)
        given.pop("type", None)
        return json.dumps({"type": kind, **given})

    def said(self, text: str) -> str:
        """Translate a frame of the server."""
        frame = json.loads(text)
        kind = frame["type"]
        reply = next((one for one in self._said.replies if one.fits(frame)), None)
        gone = {"type"} if reply is None else {"type", *reply.fields}
        fields = {key: value for key, value in frame.items() if key not in gone}
        content = _told(self._said.plans[kind], fields, self._numbers.to_number)
        if reply is not None:
            content |= reply.when
        name = self._said.types[kind] if reply is None else reply.type
        envelope = self._said.envelope
        whole = content if envelope is None else {envelope.member: content, **envelope.extra}
        return json.dumps({self._said.discriminator: name, **whole}, ensure_ascii=False, separators=(",", ":"))

    def asked(self, request: Mapping[str, Any]) -> str:
        """Give a request of the protocol as a client of the dialect writes it."""
        kind = str(request["type"])
        name = next(wire for wire, one in self._heard.types.items() if one == kind)
        fields = {key: value for key, value in request.items() if key != "type"}
        content = _told(_turned(self._heard.plans[kind]), fields, self._numbers.to_number)
        content |= self._heard.constants.get(kind, {})
        envelope = self._heard.envelope
        whole = content if envelope is None else {envelope.member: content, **envelope.extra}
        return json.dumps({self._heard.discriminator: name, **whole}, ensure_ascii=False)

    def _fields(self, frame: dict[str, Any], kind: str) -> dict[str, Any]:
        """Give the members that may be fields; raises ValueError if the frame lacks a required part."""
        envelope = self._heard.envelope
        fields = frame if envelope is None else _opened(envelope, frame, may_lack=kind in self._heard.bare)
        constants = self._heard.constants.get(kind, {})
        _require(constants, fields)
        return {key: value for key, value in fields.items() if key not in constants}


def _opened(envelope: Envelope, frame: Mapping[str, Any], *, may_lack: bool) -> dict[str, Any]:
    _require(envelope.extra, frame)
    fields = frame.get(envelope.member, {} if may_lack else None)
    if not isinstance(fields, dict):
        raise ValueError(f"`{envelope.member}` must be an object with the fields")
    return fields


def _require(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    for key, value in wanted.items():
        if key not in found or type(found[key]) is not type(value) or found[key] != value:
            raise ValueError(f"`{key}` must be {json.dumps(value)}")


def _given(plan: Plan, value: Any, of_id: OfId) -> Any:
    """Translate a value from the dialect to the protocol; `fields` has the plans by names of the protocol."""
    if isinstance(value, dict):
        named = [(plan.names.get(key, key), item) for key, item in value.items()]
        return {name: _given(plan.fields[name], item, of_id) if name in plan.fields else item for name, item in named}
    return _single(plan, value, of_id, _given)


def _told(plan: Plan, value: Any, of_id: OfId) -> Any:
    """Translate a value from the protocol to the dialect; `fields` has the plans by names of the protocol."""
    if isinstance(value, dict):
        return {
            plan.names.get(key, key): _told(plan.fields[key], item, of_id) if key in plan.fields else item
            for key, item in value.items()
        }
    return _single(plan, value, of_id, _told)


def _turned(plan: Plan) -> Plan:
    """Give the plan of the other direction; its fields are named by the protocol in both."""
    return Plan(
        names={ours: wire for wire, ours in plan.names.items()},
        fields={name: _turned(one) for name, one in plan.fields.items()},
        items=None if plan.items is None else _turned(plan.items),
        words={ours: wire for wire, ours in plan.words.items()},
        id=plan.id,
    )


def _single(plan: Plan, value: Any, of_id: OfId, below: Callable[[Plan, Any, OfId], Any]) -> Any:
    if isinstance(value, list):
        return value if plan.items is None else [below(plan.items, item, of_id) for item in value]
    if plan.id is not None:
        return of_id(plan.id, value)
    is_word = isinstance(value, str | int) and not isinstance(value, bool)
    return plan.words.get(value, value) if is_word else value
