"""The tables of the first version."""

import sqlalchemy as sa
from alembic import op

from reference_server.columns import UtcDateTime

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "conversation",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("name", sa.String()),
        sa.Column("visibility", sa.String(), nullable=False),
        sa.Column("last_stamp", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "membership",
        sa.Column("conversation_id", sa.Uuid(), sa.ForeignKey("conversation.id"), primary_key=True),
        sa.Column("user_id", sa.Uuid(), primary_key=True, index=True),
        sa.Column("role", sa.String(), nullable=False),
    )
    op.create_table(
        "message",
        sa.Column("id", sa.Uuid(), primary_key=True),
        sa.Column("conversation_id", sa.Uuid(), sa.ForeignKey("conversation.id"), nullable=False),
        sa.Column("sender_id", sa.Uuid(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("folded", sa.String(), nullable=False),
        sa.Column("parent_id", sa.Uuid()),
        sa.Column("attachments", sa.JSON(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("changed_at", UtcDateTime(), nullable=False),
        sa.Column("edited_at", UtcDateTime()),
        sa.Column("deleted_at", UtcDateTime()),
        sa.Index("ix_message_history", "conversation_id", "created_at"),
        sa.Index("ix_message_sync", "conversation_id", "changed_at"),
    )
    op.create_table(
        "reaction",
        sa.Column("message_id", sa.Uuid(), sa.ForeignKey("message.id"), primary_key=True),
        sa.Column("user_id", sa.Uuid(), primary_key=True),
        sa.Column("emoji", sa.String(), primary_key=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
    )
    op.create_table(
        "delivery",
        sa.Column("message_id", sa.Uuid(), sa.ForeignKey("message.id"), primary_key=True),
        sa.Column("user_id", sa.Uuid(), primary_key=True),
    )
    op.create_table(
        "readmark",
        sa.Column("conversation_id", sa.Uuid(), sa.ForeignKey("conversation.id"), primary_key=True),
        sa.Column("user_id", sa.Uuid(), primary_key=True),
        sa.Column("read_until", UtcDateTime(), nullable=False),
    )
