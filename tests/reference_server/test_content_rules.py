from __future__ import annotations

from typing import Any

import pytest

from reference_server.config import Limits, Page
from reference_server.content_rules import check_attachments, check_emoji, page_size
from reference_server.errors import Refused
from reference_server.messages import Attachment

LIMITS = Limits()
FILE = Attachment(url="https://x.example/f", filename="f.png", content_type="image/png", size=1)


def with_(**fields: Any) -> Attachment:
    return FILE.model_copy(update=fields)


class TestAttachments:
    @pytest.mark.parametrize(
        "attachment",
        [
            with_(url="http://localhost:9000/bucket/f?sig=1#x"),
            with_(url="https://x.example/größe"),
            with_(filename="Ünï 100%.tar.gz"),
            with_(content_type="text/plain; charset=utf-8"),
            with_(content_type="application/vnd.api+json"),
            with_(size=LIMITS.attachment_bytes, width=1, height=1, duration=0),
        ],
        ids=repr,
    )
    def test_are_accepted(self, attachment: Attachment):
        check_attachments([attachment] * 10, LIMITS)

    @pytest.mark.parametrize(
        "attachment",
        [
            *(with_(size=size) for size in (0, -1, LIMITS.attachment_bytes + 1)),
            *(
                with_(url=url)
                for url in (
                    "",
                    "javascript:alert(1)",
                    "JavaScript:alert(1)",
                    "data:text/html,x",
                    "file:///etc/passwd",
                    "//x.example/f",
                    "/f",
                    "https://",
                    "https://[",
                    "java\nscript:x",
                    " https://x.example/f",
                    "https://x.example/" + "x" * 2048,
                )
            ),
            *(with_(filename=name) for name in ("", " ", ".", "..", "../f", "a/b", "a\\b", "a\nb", "x" * 256)),
            *(
                with_(content_type=type)
                for type in ("", "image", "image/", "/png", "image/png/x", "image png", "a/b\n")
            ),
            *(with_(width=number) for number in (0, -1, 2**31)),
            *(with_(duration=number) for number in (-1, 10**10)),
        ],
        ids=repr,
    )
    def test_are_refused(self, attachment: Attachment):
        with pytest.raises(Refused):
            check_attachments([FILE, attachment], LIMITS)

    def test_are_refused_when_too_many(self):
        with pytest.raises(Refused):
            check_attachments([FILE] * 11, LIMITS)


class TestEmoji:
    @pytest.mark.parametrize("emoji", ["", " ", "\n", "👍 ", "x" * 65, "👍" * 17])
    def test_is_refused(self, emoji: str):
        with pytest.raises(Refused):
            check_emoji(emoji, LIMITS)

    @pytest.mark.parametrize("emoji", ["👍", "❤️", "👩🏽‍🚀", ":+1:", "👩‍👩‍👧‍👦", "👩🏻‍❤️‍💋‍👨🏼", "x" * 64])
    def test_is_accepted(self, emoji: str):
        check_emoji(emoji, LIMITS)


class TestPageSize:
    @pytest.mark.parametrize(("asked", "size"), [(None, 50), (1, 1), (100, 100), (101, 100), (10**30, 100)])
    def test_stays_within_the_maximum(self, asked: int | None, size: int):
        assert page_size(asked, Page(50, 100)) == size
