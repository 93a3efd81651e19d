"""Checks content, emoji, attachments and page sizes against the limits of the profile."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reference_server.errors import Refused

if TYPE_CHECKING:
    from collections.abc import Sequence

    from reference_server.config import Limits, Page
    from reference_server.messages import Attachment

MAX_URL = 2048
MAX_FILENAME = 255
MAX_PIXELS = 2**31 - 1
MAX_SECONDS = 10**9

_MEDIA_TYPE = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}/[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
    r"(?:[ \t]*;[ \t]*[A-Za-z0-9!#$&^_.+-]+=(?:[A-Za-z0-9!#$&^_.+-]+|\"[^\"\\\x00-\x1f\x7f]*\"))*"
)


def check_content(content: str, *, has_attachments: bool, limits: Limits) -> None:
    """Refuse content that is too long, or that is empty without an attachment."""  # SEND-7, EDIT-5, ATT-2
    if len(content) > limits.content:
        raise Refused("too_large", f"The content has more than {limits.content} characters.")
    if not content.strip() and not has_attachments:
        raise Refused("invalid_message", "The content is empty.")


def check_query(query: str, limits: Limits) -> None:
    """Refuse a query that is too long, or that is empty."""  # SRCH-6
    if len(query) > limits.query:
        raise Refused("too_large", f"The query has more than {limits.query} characters.")
    if not query.strip():
        raise Refused("invalid_message", "The query is empty.")


def check_emoji(emoji: str, limits: Limits) -> None:
    """Refuse what cannot be an emoji."""  # REAC-6
    if not emoji or any(character.isspace() for character in emoji):
        raise Refused("invalid_message", "An emoji is neither empty nor white space.")
    if len(emoji.encode()) > limits.emoji_bytes:
        raise Refused("invalid_message", f"An emoji has at most {limits.emoji_bytes} bytes.")


def page_size(asked: int | None, page: Page) -> int:
    """Return how many items to give: the default, or what was asked for, up to the maximum."""  # HIST-5
    if asked is None:
        return page.default
    if asked < 1:
        raise Refused("invalid_message", "The limit must be at least 1.")
    return min(asked, page.maximum)


def check_attachments(attachments: Sequence[Attachment], limits: Limits) -> None:
    """Refuse attachments that are too many, or that no honest client would send."""  # ATT-3
    if len(attachments) > limits.attachments:
        raise Refused("too_large", f"More than {limits.attachments} attachments.")
    for attachment in attachments:
        _check_attachment(attachment, limits)


def _check_attachment(attachment: Attachment, limits: Limits) -> None:
    if attachment.size > limits.attachment_bytes:
        raise Refused("too_large", f"An attachment has more than {limits.attachment_bytes} bytes.")
    sound = {
        "size": attachment.size > 0,
        "url": _is_web_address(attachment.url),
        "filename": _is_filename(attachment.filename),
        "content_type": _MEDIA_TYPE.fullmatch(attachment.content_type) is not None,
        "width": attachment.width is None or 0 < attachment.width <= MAX_PIXELS,
        "height": attachment.height is None or 0 < attachment.height <= MAX_PIXELS,
        "duration": attachment.duration is None or 0 <= attachment.duration <= MAX_SECONDS,
    }
    for field, is_sound in sound.items():
        if not is_sound:
            raise Refused("invalid_message", f"An attachment's {field} is not acceptable.")


def _is_web_address(url: str) -> bool:
    if len(url) > MAX_URL or any(character.isspace() or not character.isprintable() for character in url):
        return False
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def _is_filename(name: str) -> bool:
    return (
        0 < len(name) <= MAX_FILENAME
        and name.strip() not in {"", ".", ".."}
        and not any(character in "/\\" or ord(character) < 32 for character in name)
    )
