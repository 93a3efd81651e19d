from __future__ import annotations

import errno
from pathlib import Path

import pytest

from conformance.errors import (
    LONGEST,
    AskedToLeave,
    BadFile,
    BudgetSpent,
    ChatParityError,
    MachineFailed,
    Mistake,
    ProvisioningFailed,
    TargetUnreachable,
    UsageError,
    of_this_machine,
)


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (UsageError, 2),
        (BadFile, 2),
        (TargetUnreachable, 3),
        (ProvisioningFailed, 3),
        (BudgetSpent, 3),
        (AskedToLeave, 3),
        (MachineFailed, 4),
    ],
)
def test_each_way_of_failing_has_its_exit_code(kind: type[ChatParityError], code: int) -> None:
    assert kind.exit_code == code
    assert issubclass(kind, ChatParityError)


class TestMistake:
    def test_is_a_place_that_editors_jump_to_and_a_sentence(self) -> None:
        assert str(Mistake(Path("/elsewhere/x.yaml"), 7, "not so")) == "/elsewhere/x.yaml:7: not so"

    def test_is_not_as_long_as_the_file(self) -> None:
        assert str(Mistake(Path("/x.yaml"), 1, "x" * 10**6)) == f"/x.yaml:1: {'x' * LONGEST}…"

    def test_of_the_whole_file_has_no_line(self) -> None:
        assert str(Mistake(Path("/elsewhere/x.yaml"), 0, "not so")) == "/elsewhere/x.yaml: not so"

    def test_is_relative_to_where_one_stands(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert str(Mistake(tmp_path / "spec" / "x.yaml", 1, "not so")) == "spec/x.yaml:1: not so"
        assert str(Mistake(tmp_path.parent / "x.yaml", 1, "not so")) == f"{tmp_path.parent / 'x.yaml'}:1: not so"

    def test_keeps_a_relative_path(self) -> None:
        assert str(Mistake(Path("x.yaml"), 1, "not so")) == "x.yaml:1: not so"


def test_a_bad_file_tells_all_its_mistakes_a_line_each() -> None:
    one, other = Mistake(Path("a"), 1, "one"), Mistake(Path("b"), 0, "other")
    error = BadFile(one, other)
    assert error.mistakes == (one, other)
    assert str(error) == "a:1: one\nb: other"


class TestWhatThisMachineLacks:
    def test_is_found_behind_the_error_of_a_library(self) -> None:
        error = RuntimeError("the connection failed")
        error.__cause__ = OSError(errno.EMFILE, "Too many open files")
        assert str(of_this_machine(error)) == "Too many open files: raise `ulimit -n`"

    @pytest.mark.parametrize("error", [ConnectionRefusedError(errno.ECONNREFUSED, "refused"), ValueError(), None])
    def test_is_nothing_where_the_server_or_a_file_is_the_cause(self, error: Exception | None) -> None:
        assert of_this_machine(error) is None
