from __future__ import annotations

from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from sqlalchemy import create_engine, make_url, text

from tests.survival.waiting import explain_after

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


async def test_says_who_waits_what_postgresql_does_and_what_the_processes_log(
    empty_postgresql: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    log = tmp_path / "process-0.log"
    log.write_text("".join(f"line {number}\n" for number in range(9)))
    process: Any = SimpleNamespace(log=log)
    postgres: Any = SimpleNamespace(url=make_url(empty_postgresql))
    engine = create_engine(postgres.url.set(drivername="postgresql+psycopg"))
    with engine.connect() as open_transaction:
        open_transaction.execute(text("SELECT 'left open'"))
        await explain_after(0, lambda: ["s3"], [process], postgres)
    engine.dispose()
    said = capsys.readouterr().out
    assert "no answer for s3" in said
    assert "idle in transaction" in said
    assert "left open" in said
    assert "process-0: line 8" in said
    assert "line 3" not in said
