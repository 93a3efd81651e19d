"""The words of serde, as the server of July 2025 says them."""

from __future__ import annotations

import pytest

from reference_server.earlier.acknowledge_everything import VARIANTS
from reference_server.earlier.serde import SerdeError, read

NAMES = "`SendMessage`, `JoinConversation`, `LeaveConversation`, `MarkAsRead`, `Ping`"
ID = "a9f4c1de-0d4e-4a86-9bd6-54e4b9f52a31"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"type": "EditMessage"}', f"unknown variant `EditMessage`, expected one of {NAMES} at line 1 column 22"),
        ('{"type":"X" broken', f"unknown variant `X`, expected one of {NAMES} at line 1 column 11"),
        ('{"content": "é", "type": "X"}', f"unknown variant `X`, expected one of {NAMES} at line 1 column 29"),
        ("{}", "missing field `type` at line 1 column 2"),
        ("", "EOF while parsing a value at line 1 column 0"),
        ("hello", "expected value at line 1 column 1"),
        ('{"type": 5}', "invalid type: integer `5`, expected variant identifier at line 1 column 10"),
        ('{"type": "Ping"} x', "trailing characters at line 1 column 18"),
        ("5", "invalid type: integer `5`, expected internally tagged enum WsInbound at line 1 column 1"),
        ('{"type": "JoinConversation"}', "missing field `conversation_id`"),
        (
            '{"type": "JoinConversation", "conversation_id": 7}',
            "invalid type: integer `7`, expected a formatted UUID string",
        ),
        (
            '{"type": "JoinConversation", "conversation_id": "7"}',
            "UUID parsing failed: invalid length: expected 32 digits, found 1",
        ),
        (
            f'{{"type": "JoinConversation", "conversation_id": "{ID}", "conversation_id": "{ID}"}}',
            "duplicate field `conversation_id`",
        ),
        ('{"type": "SendMessage", "content": ' + "[" * 200 + "]" * 200 + "}", "recursion limit exceeded"),
        ('{"type": "Ping", "type": "Ping"}', "duplicate field `type`"),
    ],
)
def test_what_it_refuses_it_refuses_in_serdes_words(text: str, words: str) -> None:
    with pytest.raises(SerdeError) as raised:
        read(text, VARIANTS, "WsInbound")
    assert str(raised.value).startswith(words)


@pytest.mark.parametrize(
    "text",
    ['{"type": "Ping", "Type": 1, "x": []}', '["Ping"]', ' {"type": "Ping"}\n', f'["JoinConversation", "{ID}"]'],
)
def test_what_it_does_not_know_beside_a_request_it_ignores(text: str) -> None:
    read(text, VARIANTS, "WsInbound")
