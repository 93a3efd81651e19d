"""A recorded load is a file with a schema, and is read back as it was."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from conformance.errors import BadFile
from conformance.results.load.file import load_beside, read_load
from tests.conformance.results.load.records import a_record

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec


def test_it_is_read_back_from_its_folder(tmp_path: Path, spec: Spec) -> None:
    record = a_record()
    (tmp_path / "load.json").write_text(json.dumps(record.to_dict()), encoding="utf-8")
    assert read_load(tmp_path, spec.formats["load"]) == record
    assert read_load(tmp_path / "load.json", spec.formats["load"]) == record
    assert load_beside(tmp_path, spec.formats["load"]) == record


def test_a_folder_without_one_has_none(tmp_path: Path, spec: Spec) -> None:
    assert load_beside(tmp_path, spec.formats["load"]) is None
    with pytest.raises(BadFile, match=r"there is no recorded load; `chat-parity load TARGET --out FOLDER` makes one"):
        read_load(tmp_path, spec.formats["load"])


@pytest.mark.parametrize("value", [[], {}, {"format": 2}, None])
def test_a_file_that_is_no_load_is_refused(tmp_path: Path, spec: Spec, value: object) -> None:
    (tmp_path / "load.json").write_text(json.dumps(value), encoding="utf-8")
    with pytest.raises(BadFile, match=r"load\.json"):
        read_load(tmp_path, spec.formats["load"])


def test_rates_are_by_the_second_and_by_the_second_of_one_core() -> None:
    record = a_record()
    assert record.sent == 1240
    assert record.delivered == 1000
    assert record.per_second(record.sent) == pytest.approx(1240 / 60)
    assert record.per_cpu_second(record.sent) == pytest.approx(1240 / 30)
    assert record.failed("lost") == 3
