"""Writes notices to the journal in the transaction of the change, and publishes them after the commit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reference_server.journal import codec, entries

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from uuid import UUID

    from sqlalchemy import Connection

    from reference_server.group_commit.unit import Unit
    from reference_server.journal.bus import JournalBus


class Journal:
    """Publishes the notices of changes, with their positions in the journal."""

    records = True

    def __init__(self, bus: JournalBus) -> None:
        self._bus = bus

    def record(self, connection: Connection, units: Sequence[Unit], positions: Mapping[UUID, int]) -> None:
        """Write the notices at the end of the journals of their conversations."""
        last = dict(positions)
        rows = []
        for unit in units:
            unit.position = last.get(unit.conversation_id, 0) + 1
            for position, notice in enumerate(unit.told, unit.position):
                rows.append((unit.conversation_id, position, codec.encode(notice)))
                last[unit.conversation_id] = position
        if rows:
            entries.append(connection, rows)

    async def publish(self, units: Sequence[Unit]) -> None:
        """Tell the subscribers of this process now, and queue the notices for the others without waiting for Redis."""
        for unit in units:
            for position, notice in enumerate(unit.told, unit.position):
                self._bus.send_soon(unit.channel, position, notice)

    def doubt(self, units: Sequence[Unit]) -> None:
        """Do nothing: if the commit has happened, the next position check finds it."""
