"""The grammar: turns a scenario or probe file into the frozen types of `scenario.steps`.

`spec/formats/scenario.schema.json` says what may stand where, and an editor reads it too; this module adds only what a
schema cannot say. One function per step kind, in one table.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from conformance.errors import BadFile, Mistake
from conformance.files.documents import Document, Steps, read_yaml
from conformance.scenario import steps as s
from conformance.scenario.cases import expand
from conformance.scenario.revision import revision

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
    from pathlib import Path

    from conformance.files.formats import Format
    from conformance.scenario.cases import Case


class Roles(Protocol):
    """What the grammar has to know of the protocol: the roles and visibilities that a scenario may name."""

    @property
    def roles(self) -> Collection[str]:
        """Every role that a member may have."""
        ...

    @property
    def default_role(self) -> str:
        """The role of a member for whom a scenario names none."""
        ...

    @property
    def no_member(self) -> str:
        """The word for somebody who is no member."""
        ...

    @property
    def visibilities(self) -> Sequence[str]:
        """The kinds of conversations, the usual one first."""
        ...


def read_scenarios(file: Path, form: Format, roles: Roles) -> list[s.Scenario]:
    """Read a scenario file: one Scenario, or one per case; raises BadFile."""
    return [scenario for scenario, _ in _read(file, form, roles)]


def read_probes(file: Path, form: Format, roles: Roles) -> list[s.Probe]:
    """Read a probe file: one Probe, or one per case; raises BadFile."""
    return [s.Probe(scenario=scenario, why=document.value["why"]) for scenario, document in _read(file, form, roles)]


def _read(file: Path, form: Format, roles: Roles) -> Iterator[tuple[s.Scenario, Document]]:
    document = read_yaml(file)
    form.check(document)
    for case in expand(document):
        try:
            if case.name is not None:
                form.check(case.document)
            scenario = _Parser(case.document, roles).scenario(case)
        except BadFile as error:
            mistakes = (one if case.name is None else _in_case(one, case.name) for one in error.mistakes)
            raise BadFile(*mistakes) from None
        yield scenario, case.document


def _in_case(mistake: Mistake, case: str) -> Mistake:
    return replace(mistake, message=f"in the case {case!r}: {mistake.message}")


class _Parser:
    """Reads one document that already fits its schema."""

    def __init__(self, document: Document, roles: Roles) -> None:
        self._document = document
        self._roles = roles

    def scenario(self, case: Case) -> s.Scenario:
        value = self._document.value
        given = self._given(value["given"])
        scenario = s.Scenario(
            id=value["id"] if case.name is None else f"{value['id']}[{case.name}]",
            title=value["title"],
            feature=value.get("feature", ""),
            rules=tuple(value.get("rules", ())),
            file=self._document.file,
            line=self._document.line(("id",)),
            given=given,
            setup=self._steps(value.get("setup", []), ("setup",)),
            steps=self._steps(value["steps"], ("steps",)),
            tags=frozenset(value.get("tags", ())),
            needs=value.get("needs", {}) | ({"local": True} if given.honeypots else {}),
            exclusive=value.get("exclusive", False),
            allow=tuple(
                s.Allowed(one["frame"], _names(one.get("at", ())), one.get("with", {}))
                for one in value.get("allow", ())
            ),
            cell=case.cell,
            revision=revision(value),
        )
        self._check_names(scenario)
        return scenario

    def _given(self, value: Mapping[str, Any]) -> s.Given:
        users = _mapping(value.get("users", []))
        devices = _mapping(value.get("devices", []))
        conversations = {}
        for name, one in value.get("conversations", {}).items():
            members = one.get("members", {})
            if isinstance(members, list):
                members = dict.fromkeys(members, self._roles.default_role)
            conversations[name] = s.Conversation(
                members=members,
                visibility=one.get("visibility", self._roles.visibilities[0]),
                join=tuple(one["join"]) if "join" in one else None,
            )
            for user, role in members.items():
                where: Steps = ("given", "conversations", name, "members")
                if user not in users:
                    raise self._mistake(f"{user} is not among the users", where)
                if role not in self._roles.roles and role != self._roles.no_member:
                    raise self._mistake(f"there is no role {role!r}; there are {', '.join(self._roles.roles)}", where)
        return s.Given(
            users={
                name: s.User((one or {}).get("connect", True), (one or {}).get("instance"))
                for name, one in users.items()
            },
            devices={name: (one or {}).get("instance") for name, one in devices.items()},
            conversations=conversations,
            unknown=tuple(value.get("unknown", ())),
            honeypots=tuple(value.get("traps", ())),
        )

    def _check_names(self, scenario: s.Scenario) -> None:
        given = scenario.given
        taken = [*given.users, *given.conversations, *given.unknown, *given.honeypots]
        for name in taken:
            if taken.count(name) > 1:
                raise self._mistake(f"the name {name} stands for two things", ("given",))
        for device in given.devices:
            if device.partition("@")[0] not in given.users or "@" not in device:
                raise self._mistake(f"the device {device} belongs to no user; write user@device", ("given", "devices"))
        known = set(given.users)
        for step in walk((*scenario.setup, *scenario.steps)):
            for actor in actors(step):
                if actor.partition("@")[0] not in known:
                    raise BadFile(Mistake(scenario.file, step.line, f"{actor} belongs to no user of `given`"))
            for named in conversations(step):
                if named not in given.conversations:
                    raise BadFile(Mistake(scenario.file, step.line, f"there is no conversation {named} in `given`"))

    def _steps(self, values: Sequence[Mapping[str, Any]], path: Steps) -> tuple[s.Step, ...]:
        return tuple(self._step(value, (*path, index)) for index, value in enumerate(values))

    def _step(self, value: Mapping[str, Any], path: Steps) -> s.Step:
        kind = next(key for key in _KINDS if key in value)
        return _KINDS[kind](self, value, self._document.line(path), path)

    def _mistake(self, message: str, path: Steps) -> BadFile:
        return BadFile(self._document.mistake(message, path))

    def send(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.Send(
            line=line,
            frame=value["send"],
            by=value["by"],
            fields=value.get("with", {}),
            invalid=value.get("invalid", False),
            extra=tuple(value.get("extra", ())),
        )

    def send_raw(self, value: Mapping[str, Any], line: int, path: Steps) -> s.Step:
        raw = value["send_raw"]
        if "binary" in raw:
            try:
                bytes.fromhex(raw["binary"])
            except ValueError:
                raise self._mistake("`binary` takes hexadecimal digits", path) from None
        frames = tuple(s.RawFrame(**frame) for frame in raw.get("frames", ()))
        return s.SendRaw(line=line, by=value["by"], text=raw.get("text"), binary=raw.get("binary"), frames=frames)

    def expect(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.Expect(
            line=line,
            frame=value["expect"],
            at=_names(value["at"]),
            pattern=value.get("with", {}),
            next=value.get("next", False),
            within=value.get("within"),
        )

    def never(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.Never(line=line, frame=value["never"], at=_names(value["at"]), pattern=value.get("with", {}))

    def expect_either(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        alternatives = tuple(_alternative(one) for one in value["expect_either"])
        return s.ExpectEither(line=line, at=value["at"], alternatives=alternatives, within=value.get("within"))

    def expect_close(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.ExpectClose(
            line=line,
            at=_names(value["expect_close"]),
            codes=_codes(value.get("codes", ())),
            or_dropped=value.get("or_dropped", False),
            within=value.get("within"),
        )

    def connect(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.Connect(
            line=line,
            who=value["connect"],
            instance=value.get("instance"),
            join=tuple(value.get("join", ())),
            token=value.get("token"),
            query=value.get("query", {}),
            origin=value.get("origin"),
            refused=value.get("refused", False),
        )

    def disconnect(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.Disconnect(line=line, who=_names(value["disconnect"]), drop=value.get("how") == "drop")

    def ws_ping(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.WsPing(line=line, by=value["by"], payload=value["ws_ping"])

    def sync(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.Sync(line=line, who=_names(value["sync"]))

    def repeat(self, value: Mapping[str, Any], line: int, path: Steps) -> s.Step:
        inner = self._steps(value["steps"], (*path, "steps"))
        values = tuple(value.get("from", ()))
        return s.Repeat(line=line, times=value["repeat"], steps=inner, name=value.get("as"), values=values)

    def faster_than(self, value: Mapping[str, Any], line: int, path: Steps) -> s.Step:
        inner = self._steps(value["steps"], (*path, "steps"))
        return s.FasterThan(line=line, timer=value["faster_than"], times=value.get("times", 1), steps=inner)

    def together(self, value: Mapping[str, Any], line: int, path: Steps) -> s.Step:
        branches = enumerate(value["together"])
        return s.Together(
            line=line, branches=tuple(self._steps(one, (*path, "together", index)) for index, one in branches)
        )

    def page(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.Page(
            line=line,
            frame=value["page"],
            by=value["by"],
            fields=value.get("with", {}),
            reply=value["reply"],
            follow=value["follow"],
            going_on=value["while"],
            collect=value.get("collect", {}),
            pattern=value.get("expect", {}),
        )

    def collect(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.Collect(
            line=line,
            frame=value["collect"],
            at=value["at"],
            into=value["into"],
            pattern=value.get("with", {}),
            field=value.get("field"),
            count=value.get("count"),
            at_least=value.get("at_least"),
            at_most=value.get("at_most"),
        )

    def check(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.Check(line=line, value=value["check"], pattern=value["is"])

    def provision(self, value: Mapping[str, Any], line: int, path: Steps) -> s.Step:
        change = value["provision"].get("role") or value["provision"]["remove"]
        role = change.get("role")
        if role is not None and role not in self._roles.roles:
            raise self._mistake(f"there is no role {role!r}; there are {', '.join(self._roles.roles)}", path)
        return s.Provision(line=line, conversation=change["conversation"], user=change["user"], role=role)

    def pause(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.Pause(line=line, timer=value["pause"])

    def restart(self, _: Mapping[str, Any], line: int, __: Steps) -> s.Step:
        return s.Restart(line=line)

    def never_fetched(self, value: Mapping[str, Any], line: int, path: Steps) -> s.Step:
        if value["never_fetched"] not in self._document.value["given"].get("traps", ()):
            raise self._mistake(f"{value['never_fetched']} is not among the traps of `given`", path)
        return s.NeverFetched(line=line, honeypot=value["never_fetched"])

    def observe(self, value: Mapping[str, Any], line: int, path: Steps) -> s.Step:
        if "why" not in self._document.value:
            raise self._mistake("`observe` belongs to a probe; a scenario says what it expects", path)
        choices = {word: _alternative(one) for word, one in value["choices"].items()}
        return s.Observe(line=line, at=value["observe"], choices=choices, otherwise=value["otherwise"])


_KINDS: dict[str, Callable[[_Parser, Mapping[str, Any], int, Steps], s.Step]] = {
    "page": _Parser.page,  # first, because it has `expect` and `collect` of its own
    "send": _Parser.send,
    "send_raw": _Parser.send_raw,
    "expect": _Parser.expect,
    "never": _Parser.never,
    "expect_either": _Parser.expect_either,
    "expect_close": _Parser.expect_close,
    "connect": _Parser.connect,
    "disconnect": _Parser.disconnect,
    "ws_ping": _Parser.ws_ping,
    "sync": _Parser.sync,
    "repeat": _Parser.repeat,
    "faster_than": _Parser.faster_than,
    "together": _Parser.together,
    "collect": _Parser.collect,
    "check": _Parser.check,
    "provision": _Parser.provision,
    "pause": _Parser.pause,
    "restart": _Parser.restart,
    "never_fetched": _Parser.never_fetched,
    "observe": _Parser.observe,
}


def walk(steps: Sequence[s.Step]) -> Iterator[s.Step]:
    """Give all steps, those inside `repeat`, `faster_than` and `together` too."""
    for step in steps:
        yield step
        if isinstance(step, s.Repeat | s.FasterThan):
            yield from walk(step.steps)
        elif isinstance(step, s.Together):
            for branch in step.branches:
                yield from walk(branch)


def actors(step: s.Step) -> tuple[str, ...]:
    """Give the connections that a step names."""
    for attribute in ("at", "by", "who"):
        named = getattr(step, attribute, None)
        if named is not None:
            return _names(named)
    return (step.user,) if isinstance(step, s.Provision) else ()


def conversations(step: s.Step) -> tuple[str, ...]:
    """Give the conversations that a step names outside its data."""
    if isinstance(step, s.Provision):
        return (step.conversation,)
    return step.join if isinstance(step, s.Connect) else ()


def _names(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _mapping(value: Any) -> dict[str, Any]:
    return dict.fromkeys(value) if isinstance(value, list) else value


def _codes(values: Sequence[Any]) -> tuple[str, ...]:
    return tuple(str(code) for code in values)


def _alternative(value: Mapping[str, Any]) -> s.Alternative:
    return s.Alternative(
        frame=value.get("frame"),
        pattern=value.get("with", {}),
        close=_codes(value.get("close", ())),
        dropped=value.get("dropped", False),
        refused=value.get("refused", False),
    )
