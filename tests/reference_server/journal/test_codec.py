from __future__ import annotations

from uuid import uuid4

import pytest

from reference_server.journal import codec
from reference_server.pubsub import Event, RoleChanged

ALICE, BOB = uuid4(), uuid4()


@pytest.mark.parametrize(
    "notice",
    [
        Event('{"content":"Ünïcode 👋"}'),
        Event("x", only=ALICE, besides=BOB, fleeting=True, typist=(ALICE, True)),
        Event("x", typist=(ALICE, False)),
        RoleChanged(ALICE, may_read=True),
        RoleChanged(ALICE, may_read=False),
    ],
)
def test_gives_back_what_was_written(notice: Event | RoleChanged):
    assert codec.decode(codec.parse(codec.encode(notice, position=7))) == notice


@pytest.mark.parametrize(
    "data", [b"", b"nonsense", b"[]", b"1", b"\xff", b"{}", b'{"role_of":1}', b'{"frame":"x","only":5}']
)
def test_refuses_what_is_no_notice(data: bytes):
    with pytest.raises(ValueError):  # noqa: PT011 -- also JSONDecodeError
        codec.decode(codec.parse(data))
