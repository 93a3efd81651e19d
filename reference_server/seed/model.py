"""The data of a seed file."""

from __future__ import annotations

from typing import Annotated, Self
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from reference_server.config import Limits
from reference_server.messages import Text
from reference_server.permissions import Role, Visibility

#: A user without an id in the file gets one that is made from the name, and so is the same at each start.
NAMESPACE = UUID("2b6f0cc9-04d0-4f6e-8f0e-6c6f6e0a1d5b")
MOST_GENERATED = 1_000_000
_LIMITS = Limits()

Name = Annotated[Text, Field(min_length=1, max_length=200)]
Content = Annotated[Text, Field(min_length=1, max_length=_LIMITS.content)]


def user_id(name: str) -> UUID:
    """Give the id of a user who has none in the file."""
    return uuid5(NAMESPACE, name)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SeedMessage(_Strict):
    """A message, in the order of the file."""

    sender: Name = Field(alias="from")
    content: Content


class SeedConversation(_Strict):
    """A conversation with its history: first the generated messages, a minute apart, then those of the file."""

    name: Name
    visibility: Visibility = Visibility.PRIVATE
    members: dict[Name, Role] = Field(min_length=1)
    generate: int = Field(default=0, ge=0, le=MOST_GENERATED, strict=True)
    messages: list[SeedMessage] = []

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        if Role.OWNER not in self.members.values():
            raise ValueError("a conversation needs an owner: give one of its members the role owner")
        senders = {message.sender for message in self.messages} - self.members.keys()
        if senders:
            raise ValueError(f"{min(senders)!r} writes messages but is not a member: add it to members")
        return self

    @property
    def owner(self) -> str:
        """The first owner."""
        return next(name for name, role in self.members.items() if role is Role.OWNER)


class Seed(_Strict):
    """The whole file: names of users with their ids, and conversations."""

    users: dict[Name, UUID]
    conversations: list[SeedConversation] = []

    @field_validator("users", mode="before")
    @classmethod
    def _with_ids(cls, users: object) -> object:
        if isinstance(users, list):
            if any(name is None or isinstance(name, bool) for name in users):
                raise ValueError("a name that means true, false or null in YAML needs quotes, as in 'no'")
            users = dict.fromkeys(map(str, users))
        if not isinstance(users, dict):
            return users
        return {name: user_id(str(name)) if given is None else given for name, given in users.items()}

    @model_validator(mode="after")
    def _is_possible(self) -> Self:
        strangers = {name for one in self.conversations for name in one.members} - self.users.keys()
        if strangers:
            raise ValueError(f"{min(strangers)!r} is a member of a conversation but not a user: add it to users")
        if len(set(self.users.values())) < len(self.users):
            raise ValueError("two users have the same id")
        if sum(one.generate for one in self.conversations) > MOST_GENERATED:
            raise ValueError(f"all conversations together generate more than {MOST_GENERATED} messages")
        return self
