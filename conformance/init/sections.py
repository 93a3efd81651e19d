"""The section `provision` of each driver, as far as the answers go; the rest is an example to be changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from conformance.init.answers import Answers


@dataclass(frozen=True, slots=True)
class Driver:
    """A kind of provisioning: when to take it, its lines, and whether tokens are made with the signing secret."""

    about: str
    section: Callable[[Answers], str]
    makes_tokens: bool = True


def _jwt(answers: Answers) -> str:
    return f"""\
  ids: {answers.ids} # what user ids look like: uuid, integer, or text (an integer in quotes)
  conversations: none # `any id` where whatever id a request names is a conversation, and everybody belongs to it
"""


def _reference(answers: Answers) -> str:
    if answers.api is None:
        return "  # api: https://chat.example/api/v1 # where it is not /api/v1 beside the first instance\n"
    return f"  api: {answers.api}\n"


DRIVERS: dict[str, Driver] = {
    "jwt": Driver("whoever a token names is a user, and nobody needs to be told", _jwt),
    "reference": Driver("the provisioning API of the reference server", _reference),
}
