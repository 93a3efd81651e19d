"""The grammar of the steps: turns the mapping of each step into its frozen type, with one function per kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.errors import BadFile
from conformance.scenario import steps as s

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from conformance.files.documents import Document, Steps
    from conformance.scenario.roles import Roles


class StepParser:
    """Reads the steps of one document that already fits its schema."""

    def __init__(self, document: Document, roles: Roles) -> None:
        self._document = document
        self._roles = roles

    def steps(self, values: Sequence[Mapping[str, Any]], path: Steps) -> tuple[s.Step, ...]:
        """Read a list of steps at `path`; raises BadFile."""
        return tuple(self._step(value, (*path, index)) for index, value in enumerate(values))

    def _step(self, value: Mapping[str, Any], path: Steps) -> s.Step:
        kind = next(key for key in _KINDS if key in value)
        return _KINDS[kind](self, value, self._document.line(path), path)

    def _mistake(self, message: str, path: Steps) -> BadFile:
        return BadFile(self._document.mistake(message, path))

    def _send(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.Send(
            line=line,
            frame=value["send"],
            by=value["by"],
            fields=value.get("with", {}),
            invalid=value.get("invalid", False),
            extra=tuple(value.get("extra", ())),
        )

    def _send_raw(self, value: Mapping[str, Any], line: int, path: Steps) -> s.Step:
        raw = value["send_raw"]
        if "binary" in raw:
            try:
                bytes.fromhex(raw["binary"])
            except ValueError:
                raise self._mistake("`binary` takes hexadecimal digits", path) from None
        frames = tuple(s.RawFrame(**frame) for frame in raw.get("frames", ()))
        return s.SendRaw(line=line, by=value["by"], text=raw.get("text"), binary=raw.get("binary"), frames=frames)

    def _expect(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.Expect(
            line=line,
            frame=value["expect"],
            at=_names(value["at"]),
            pattern=value.get("with", {}),
            next=value.get("next", False),
            within=value.get("within"),
        )

    def _never(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.Never(line=line, frame=value["never"], at=_names(value["at"]), pattern=value.get("with", {}))

    def _expect_either(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        alternatives = tuple(_alternative(one) for one in value["expect_either"])
        return s.ExpectEither(line=line, at=value["at"], alternatives=alternatives, within=value.get("within"))

    def _expect_close(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.ExpectClose(
            line=line,
            at=_names(value["expect_close"]),
            codes=_codes(value.get("codes", ())),
            or_dropped=value.get("or_dropped", False),
            within=value.get("within"),
        )

    def _connect(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.Connect(
            line=line,
            who=value["connect"],
            instance=value.get("instance"),
            join=tuple(value.get("join", ())),
            token=value.get("token"),
            query=value.get("query", {}),
            origin=value.get("origin"),
            headers=value.get("headers", {}),
            compression=value.get("compression", False),
            keepalive=value.get("keepalive", True),
            refused=value.get("refused", False),
            must_admit=value.get("must_admit", False),
        )

    def _disconnect(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.Disconnect(line=line, who=_names(value["disconnect"]), drop=value.get("how") == "drop")

    def _ws_ping(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.WsPing(line=line, by=value["by"], payload=value["ws_ping"])

    def _stop_reading(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.StopReading(line=line, who=_names(value["stop_reading"]))

    def _resume_reading(self, value: Mapping[str, Any], line: int, path: Steps) -> s.Step:
        inner = self.steps(value.get("steps", ()), (*path, "steps"))
        return s.ResumeReading(line=line, who=value["resume_reading"], steps=inner)

    def _sync(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.Sync(line=line, who=_names(value["sync"]))

    def _repeat(self, value: Mapping[str, Any], line: int, path: Steps) -> s.Step:
        inner = self.steps(value["steps"], (*path, "steps"))
        values = tuple(value.get("from", ()))
        return s.Repeat(line=line, times=value["repeat"], steps=inner, name=value.get("as"), values=values)

    def _faster_than(self, value: Mapping[str, Any], line: int, path: Steps) -> s.Step:
        inner = self.steps(value["steps"], (*path, "steps"))
        return s.FasterThan(line=line, timer=value["faster_than"], times=value.get("times", 1), steps=inner)

    def _together(self, value: Mapping[str, Any], line: int, path: Steps) -> s.Step:
        branches = enumerate(value["together"])
        return s.Together(
            line=line, branches=tuple(self.steps(one, (*path, "together", index)) for index, one in branches)
        )

    def _witness(self, value: Mapping[str, Any], line: int, path: Steps) -> s.Step:
        return s.Witness(line=line, steps=self.steps(value["witness"], (*path, "witness")))

    def _control(self, value: Mapping[str, Any], line: int, path: Steps) -> s.Step:
        return s.Control(line=line, steps=self.steps(value["control"], (*path, "control")))

    def _page(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
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

    def _collect(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
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

    def _check(self, value: Mapping[str, Any], line: int, _: Steps) -> s.Step:
        return s.Check(line=line, value=value["check"], pattern=value["is"])

    def _provision(self, value: Mapping[str, Any], line: int, path: Steps) -> s.Step:
        change = value["provision"].get("role") or value["provision"]["remove"]
        role = change.get("role")
        if role is not None and role not in self._roles.roles:
            raise self._mistake(f"there is no role {role!r}; there are {', '.join(self._roles.roles)}", path)
        by, refused = change.get("by"), change.get("refused", False)
        if refused and by is None:
            raise self._mistake("`refused` says what a user may not do: say `by` whom", path)
        return s.Provision(
            line=line, conversation=change["conversation"], user=change["user"], role=role, by=by, refused=refused
        )

    def _pause(self, value: Mapping[str, Any], line: int, path: Steps) -> s.Step:
        inner = self.steps(value.get("steps", ()), (*path, "steps"))
        return s.Pause(line=line, timer=value["pause"], parts=value.get("parts", 1), steps=inner)

    def _restart(self, _: Mapping[str, Any], line: int, __: Steps) -> s.Step:
        return s.Restart(line=line)

    def _never_fetched(self, value: Mapping[str, Any], line: int, path: Steps) -> s.Step:
        if value["never_fetched"] not in self._document.value["given"].get("honeypots", ()):
            raise self._mistake(f"{value['never_fetched']} is not among the honeypots of `given`", path)
        return s.NeverFetched(line=line, honeypot=value["never_fetched"])

    def _observe(self, value: Mapping[str, Any], line: int, path: Steps) -> s.Step:
        if "why" not in self._document.value:
            raise self._mistake("`observe` belongs to a probe; a scenario says what it expects", path)
        choices = {word: _alternative(one) for word, one in value["choices"].items()}
        return s.Observe(line=line, at=value["observe"], choices=choices, otherwise=value["otherwise"])


_KINDS: dict[str, Callable[[StepParser, Mapping[str, Any], int, Steps], s.Step]] = {
    "page": StepParser._page,  # first, because it has `expect` and `collect` of its own
    "send": StepParser._send,
    "send_raw": StepParser._send_raw,
    "expect": StepParser._expect,
    "never": StepParser._never,
    "expect_either": StepParser._expect_either,
    "expect_close": StepParser._expect_close,
    "connect": StepParser._connect,
    "disconnect": StepParser._disconnect,
    "stop_reading": StepParser._stop_reading,
    "resume_reading": StepParser._resume_reading,
    "ws_ping": StepParser._ws_ping,
    "sync": StepParser._sync,
    "repeat": StepParser._repeat,
    "faster_than": StepParser._faster_than,
    "together": StepParser._together,
    "witness": StepParser._witness,
    "control": StepParser._control,
    "collect": StepParser._collect,
    "check": StepParser._check,
    "provision": StepParser._provision,
    "pause": StepParser._pause,
    "restart": StepParser._restart,
    "never_fetched": StepParser._never_fetched,
    "observe": StepParser._observe,
}


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


def _names(value: Any) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)
