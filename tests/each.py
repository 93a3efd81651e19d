"""One test of many values that are checked in microseconds: for a test of its own pytest takes milliseconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


def each(values: Iterable[Any]) -> Callable[[Callable[..., None]], Callable[[], None]]:
    """Check each of the values in one test; a tuple is the values of several arguments.

    All are checked. What fails is raised together, each failure with its value beside it.
    """
    chosen = [value if isinstance(value, tuple) else (value,) for value in values]
    assert chosen, "there is nothing to check"

    def decorate(check: Callable[..., None]) -> Callable[[], None]:
        def test() -> None:
            failures = []
            for value in chosen:
                try:
                    check(*value)
                except Exception as error:
                    error.add_note("with " + ", ".join(repr(part)[:200] for part in value))
                    failures.append(error)
            if failures:
                raise ExceptionGroup(f"{len(failures)} of {len(chosen)} fail", failures)

        test.__name__, test.__doc__ = check.__name__, check.__doc__
        test.place_as = check  # type: ignore[attr-defined] -- pytest then says where `check` is
        return test

    return decorate
