from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from conformance.errors import BadFile
from conformance.spec.folder import digest, find, in_working_directory, installed, is_installed_copy

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def a_spec(folder: Path, text: str = "name: toy\n") -> Path:
    folder.mkdir()
    (folder / "protocol.yaml").write_text(text)
    return folder


def test_a_spec_in_the_working_directory_comes_first(here: Path) -> None:
    assert find() == installed()
    spec = a_spec(here / "spec")
    assert find() == in_working_directory() == spec


def test_a_folder_that_is_only_called_spec_is_none(here: Path) -> None:
    (here / "spec").mkdir()
    (here / "spec" / "models_spec.rb").touch()
    assert in_working_directory() is None


def test_a_working_directory_that_is_gone_has_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    folder.rmdir()
    assert find() == installed()


def test_without_any_the_advice_is_to_name_one(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("conformance.spec.folder._COPY", here / "none")
    monkeypatch.setattr("conformance.spec.folder._PACKAGE", here / "none" / "conformance")
    with pytest.raises(BadFile, match="name one with --spec"):
        find()


def test_the_copy_of_a_wheel_is_known_by_any_path(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = a_spec(here / "_spec")
    monkeypatch.setattr("conformance.spec.folder._COPY", copy)
    (here / "link").symlink_to(copy)
    assert is_installed_copy(here / "link")
    assert not is_installed_copy(a_spec(here / "spec"))
    assert installed() == copy


def test_two_copies_have_one_digest_until_a_file_changes(tmp_path: Path) -> None:
    one, other = a_spec(tmp_path / "one"), a_spec(tmp_path / "other")
    assert digest(one) == digest(other)
    (other / "README.md").write_text("prose is no part of it")
    assert digest(one) == digest(other)
    (other / "protocol.yaml").write_text("name: another\n")
    assert digest(one) != digest(other)
