from __future__ import annotations

import errno
import importlib
import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from conformance.cli.main import _VERBS, chat_parity
from conformance.report.site import run_sphinx
from conformance.report.site.build import MARK, build_site

if TYPE_CHECKING:
    from pathlib import Path

    from conformance.spec import Spec

PAGES = {"index": "# A site\n\n```{toctree}\nother\n```\n", "other": "# Other\n\n[back](index.md)\n"}
docs = importlib.import_module("conformance.cli.docs")


@pytest.fixture
def invoke(spec: Spec, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setattr(docs, "load", lambda _: spec)
    monkeypatch.setattr(docs, "pages", lambda _: PAGES)
    monkeypatch.chdir(tmp_path)

    def invoke(*options: str) -> Result:
        return CliRunner().invoke(chat_parity, ["docs", *options])

    return invoke


def test_builds_a_site_and_says_where_it_begins(invoke, tmp_path: Path) -> None:
    result = invoke("--out", "public")
    assert result.output == "2 pages: public/index.html\n"
    assert 'href="other.html"' in (tmp_path / "public" / "index.html").read_text(encoding="utf-8")
    assert (tmp_path / "public" / MARK).exists()


def test_names_the_extra_where_its_libraries_are_missing(invoke, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_sphinx, "NEEDED", ("sphinx", "no_such_library"))
    result = invoke()
    assert str(result.exception) == (
        "this needs no_such_library: install it with `python -m pip install 'chat-parity[docs]'`"
    )


def test_writes_a_page_for_man_for_each_verb(tmp_path: Path) -> None:
    (tmp_path / "other.1").touch()
    result = CliRunner().invoke(chat_parity, ["docs", "--man", "--out", str(tmp_path)])
    assert result.output.endswith(f" pages: {tmp_path / 'chat-parity-compare.1'}\n")
    names = {file.name for file in tmp_path.iterdir()}
    assert names == {"other.1", "chat-parity.1", *(f"chat-parity-{verb}.1" for verb in _VERBS)}
    page = (tmp_path / "chat-parity-docs.1").read_text(encoding="utf-8")
    assert "chat-parity-docs \\- Build the protocol as a website" in page
    assert "\n.SH OPTIONS\n" in page
    assert re.search(r"^\.TP\n\.B .*\\-\\-asyncapi.*\nWrite the protocol as AsyncAPI", page, re.MULTILINE)


def test_refuses_an_address_that_is_none(invoke) -> None:
    result = invoke("--source-url", "javascript:alert(1)")
    assert "--source-url takes an address that begins with https://" in result.output
    assert result.exit_code == 2


class TestTheFolder:
    def test_may_be_an_earlier_site_of_which_nothing_remains(self, tmp_path: Path) -> None:
        (tmp_path / MARK).touch()
        (tmp_path / "old.html").touch()
        build_site(PAGES, tmp_path)
        assert not (tmp_path / "old.html").exists()
        assert (tmp_path / "other.html").exists()

    def test_may_not_hold_anything_else(self, invoke, tmp_path: Path) -> None:
        (tmp_path / "thesis.txt").touch()
        result = invoke("--out", str(tmp_path))
        assert str(result.exception) == f"{tmp_path} has other files; name a new folder with --out"
        assert (tmp_path / "thesis.txt").exists()

    def test_stays_as_it_was_on_a_full_disk(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        site, built = tmp_path / "site", tmp_path / "built"
        for folder in (site, built):
            folder.mkdir()
        (site / MARK).touch()

        def full(*_: object) -> Path:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr("conformance.report.site.build.run_sphinx", lambda *_: built)
        monkeypatch.setattr("conformance.report.site.build.shutil.copytree", lambda *_: built)
        monkeypatch.setattr("conformance.report.site.build.make_accessible", lambda _: monkeypatch.setattr(*full_disk))
        full_disk = ("conformance.report.site.build.shutil.copytree", full)
        with pytest.raises(OSError, match="No space"):
            build_site(PAGES, site)
        assert (site / MARK).exists()
        assert {one.name for one in tmp_path.iterdir()} == {"site", "built"}

    def test_stays_as_it_was_where_a_page_is_wrong(self, tmp_path: Path) -> None:
        (tmp_path / MARK).touch()
        with pytest.raises(RuntimeError, match="nowhere"):
            build_site({"index": "# A\n\n[b](nowhere.md)\n"}, tmp_path)
        assert (tmp_path / MARK).exists()
