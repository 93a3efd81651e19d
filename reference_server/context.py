"""What a handler works with: its instance, its connection, and the operations that all handlers share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from reference_server.events import Outgoing, UserTyping, encode
from reference_server.hub import Hub
from reference_server.pubsub import Event, conversation_channel, user_channel
from reference_server.typing_indicator import TypingIndicator

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from uuid import UUID

    from sqlalchemy import Connection as Transaction

    from reference_server.config import Limits, Settings
    from reference_server.connection import Connection
    from reference_server.services import Services

P = ParamSpec("P")
T = TypeVar("T")


class Instance:
    """One server of a deployment: its own hub and timers, and the services that all instances share."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self.settings = settings
        self.services = services
        self.hub = Hub(services.pubsub)
        self.typing = TypingIndicator(settings.typing_expiry, self._stopped_typing, services.typists)

    async def tell(
        self,
        conversation_id: UUID,
        event: Outgoing,
        *,
        only: UUID | None = None,
        besides: UUID | None = None,
        fleeting: bool = False,
    ) -> None:
        """Publish a live event of a conversation, encoded once for all."""
        typist = (event.user_id, event.is_typing) if isinstance(event, UserTyping) else None
        notice = Event(encode(event), only=only, besides=besides, fleeting=fleeting, typist=typist)
        await self.services.pubsub.publish(conversation_channel(conversation_id), notice)

    async def tell_user(self, user_id: UUID, event: Outgoing, *, besides: UUID | None = None) -> None:
        """Publish an event for every connection of one user, or for all besides one."""
        notice = Event(encode(event), besides=besides)
        await self.services.pubsub.publish(user_channel(user_id), notice)

    async def tell_typing(self, conversation_id: UUID, user_id: UUID, *, is_typing: bool) -> None:
        """Tell the others whether a user is typing; the end reaches a reader that lags, too."""  # TYPE-1
        event = UserTyping(conversation_id, user_id, is_typing)
        await self.tell(conversation_id, event, besides=user_id, fleeting=is_typing)

    async def _stopped_typing(self, conversation_id: UUID, user_id: UUID) -> None:
        await self.tell_typing(conversation_id, user_id, is_typing=False)


@dataclass(frozen=True, slots=True)
class Context:
    """One connection of one instance, as its handlers see it."""

    instance: Instance
    connection: Connection

    @property
    def user_id(self) -> UUID:
        """The token's user, whatever a body says."""  # AUTH-2
        return self.connection.user_id

    @property
    def limits(self) -> Limits:
        """The profile's numbers."""
        return self.instance.settings.limits

    def in_order(self, conversation_id: UUID) -> AbstractAsyncContextManager[None]:
        """Hold this around a change and what is told of it; it returns when both are committed and published."""
        return self.instance.services.changes.change(conversation_id, self.user_id)

    async def read(self, transaction: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Read from one snapshot of the database."""
        return await self.instance.services.database.read(transaction, *args, **kwargs)

    async def write(
        self, transaction: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Change the database; within `in_order`, what is returned is committed at its end."""
        with self.instance.services.metrics.writing.time():
            return await self.instance.services.changes.write(transaction, *args, **kwargs)
