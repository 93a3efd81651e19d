"""Compares what two servers did with what is no request: raw messages, and connections with wrong tokens."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from conformance.engine.explore.conversation import Arrive, Depart, Flood, Grant, Knock, Pause, RawMessage
from conformance.engine.explore.difference import Difference
from conformance.engine.explore.freedoms import ALLOWED, ANSWER, END, MISTAKE
from conformance.results.causes import cause

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from conformance.engine.explore.conversation import Step
    from conformance.engine.explore.conversation_run import Seen
    from conformance.engine.explore.difference import Labels
    from conformance.engine.explore.knowledge import Mistaken
    from conformance.spec import Spec

RAW, KNOCK = "raw", "token"
"""The names of such steps where others have the type of their request."""


def odd_cell(step: Step) -> tuple[str, Labels] | None:
    """Give the name and the labels of such a step; None: it is of another kind."""
    match step:
        case RawMessage():
            return RAW, frozenset({f"{RAW}={step.label}", ALLOWED})
        case Knock():
            return KNOCK, frozenset({f"{KNOCK}={step.label}", ALLOWED})
    return None


def word_of(step: Step, requests: Iterable[str] = ()) -> str:
    """Name a step in a finding: by its requests, if it has some; empty if there is no name for it."""
    match step:
        case RawMessage():
            return f"a raw message ({step.label})"
        case Knock():
            return f"a token ({step.label})"
        case Flood():
            return f"a flood ({step.waves[0].type})"
    others = {Arrive: "connect", Depart: "disconnect", Grant: "provision", Pause: "pause"}
    return " + ".join(dict.fromkeys(requests)) or others.get(type(step), "")


def odd_differences(
    index: int, step: Step, pair: tuple[Seen, Seen], mistaken: Mistaken | None, discriminator: str
) -> Iterator[tuple[Difference, str, int | None]]:
    """Give how two servers differ in such a step, besides the frames: each with what is free of it, and whose it is."""
    tested, other = pair
    match step:
        case Knock() | RawMessage() if tested.amiss and not other.amiss:
            want = "refused" if isinstance(step, Knock) else "answered"
            found = Difference(index, step.who, word_of(step), cause(tested.amiss), step.rule, tested.amiss, want)
            yield found, ANSWER, 0
        case RawMessage():
            one, two = (seen.ended.get(step.who) for seen in pair)
            if one is not None and two is not None and one != two:
                kind = "its connection ends with another code"
                yield Difference(index, step.who, word_of(step), kind, step.rule, str(one), str(two)), END, 0
            frames = [seen.events.get(step.who, ()) for seen in pair]
            wrong = mistaken_answer(mistaken, discriminator, (index, step.who, word_of(step)), *frames)
            if wrong is not None:
                yield wrong, MISTAKE, None


def flood_ends(index: int, step: Step, pair: tuple[Seen, Seen]) -> tuple[Difference | None, bool] | None:
    """Give the difference of how two servers limit a flood, and whether they part there; None: neither, or no flood.

    They part where the flood has changed something, and where only one has refused a request: each counts as it likes.
    """
    if not isinstance(step, Flood):
        return None
    tested, other = pair
    if tested.amiss and not other.amiss:
        by = step.waves[0].by
        return Difference(index, by, word_of(step), cause(tested.amiss), step.rule, tested.amiss, "limited"), False
    alike = all(one.how == two.how for one, two in zip(tested.answers, other.answers, strict=True))
    return None if step.quiet and alike else (None, True)


def mistaken_answer(
    mistaken: Mistaken | None,
    discriminator: str,
    at: tuple[int, str, str],
    tested: Iterable[Any],
    other: Iterable[Any],
) -> Difference | None:
    """Give the difference if only the tested server answers as no server may answer to a client's mistake.

    `at` is the step, the client and the request.
    """
    if mistaken is None:
        return None

    def fits(frame: Any) -> bool:
        return (
            isinstance(frame, dict)
            and frame.get(discriminator) == mistaken.frame
            and frame.get(mistaken.field) == mistaken.value
        )

    here = [one for one in tested if fits(one)]
    if not here or any(map(fits, other)):
        return None
    return Difference(*at, f"{mistaken.frame} with the {mistaken.field} {mistaken.value}", mistaken.rule, here[0])


def rule_of(step: Step, spec: Spec) -> str:
    """Give the rule that a server breaks whose connection ends or falls silent after a step."""
    return step.rule if isinstance(step, RawMessage | Knock | Flood) else spec.protocol.greeting_rule
