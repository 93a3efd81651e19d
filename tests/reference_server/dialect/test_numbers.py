"""Ids that are numbers: what stands for what, and how they are counted."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from reference_server import new_ids
from reference_server.config import ConfigError
from reference_server.dialect.numbers import LARGEST, Numbers
from reference_server.permissions import Role, Visibility
from reference_server.store import conversations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from reference_server.database import Database

SEVEN = "00000000-0000-0000-0000-000000000007"
ALICE, BOB = uuid4(), uuid4()
BOTH = {"conversation", "message"}


@pytest.fixture(autouse=True)
def drawn_again() -> Iterator[None]:
    yield
    new_ids.draw_all()


def test_a_number_has_the_bits_of_its_uuid() -> None:
    numbers = Numbers(["user"])
    assert numbers.to_uuid("user", 7) == SEVEN
    assert numbers.to_number("user", SEVEN) == 7
    assert [numbers.to_uuid("user", None), numbers.to_number("user", None)] == [None, None]


@pytest.mark.parametrize("wrong", [SEVEN, "7", True, 1.5, -1, LARGEST + 1, [7]])
def test_what_is_no_number_becomes_no_uuid(wrong: object) -> None:
    with pytest.raises(ValueError, match="badly formed"):
        UUID(Numbers(["user"]).to_uuid("user", wrong))


def test_users_with_names_are_counted_and_numbers_of_the_file_are_kept() -> None:
    numbers = Numbers(["user"], [ALICE, UUID(int=1), BOB])
    assert [numbers.to_number("user", str(user)) for user in (ALICE, UUID(int=1), BOB)] == [2, 1, 3]
    assert [numbers.to_uuid("user", number) for number in (1, 2, 3)] == [str(UUID(int=1)), str(ALICE), str(BOB)]


async def test_conversations_are_counted_on_after_a_restart(database: Database) -> None:
    for expected in (1, 2):
        await database.write(Numbers(BOTH).begin)
        members = {ALICE: Role.OWNER}
        created = await database.write(conversations.create, None, Visibility.PRIVATE, members)
        assert created == UUID(int=expected)


async def test_a_database_with_other_ids_is_refused(database: Database) -> None:
    await database.write(conversations.create, None, Visibility.PRIVATE, {ALICE: Role.OWNER})
    with pytest.raises(ConfigError, match="the database has a conversation with another id: add --reset"):
        await database.write(Numbers(BOTH).begin)
    await database.write(Numbers(["user"]).begin)
