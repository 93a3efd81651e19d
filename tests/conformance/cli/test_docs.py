from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from conformance.cli.main import chat_parity
from conformance.report.site import build
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
    monkeypatch.setattr(build, "NEEDED", ("sphinx", "no_such_library"))
    result = invoke()
    assert str(result.exception) == (
        "the site needs no_such_library: install it with `python -m pip install 'chat-parity[docs]'`"
    )


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

    def test_stays_as_it_was_where_a_page_is_wrong(self, tmp_path: Path) -> None:
        (tmp_path / MARK).touch()
        with pytest.raises(RuntimeError, match="nowhere"):
            build_site({"index": "# A\n\n[b](nowhere.md)\n"}, tmp_path)
        assert (tmp_path / MARK).exists()
