"""A position for each conversation, and the journal of its events."""

import sqlalchemy as sa
from alembic import op

from reference_server.columns import UtcDateTime

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column and the table."""
    op.add_column("conversation", sa.Column("position", sa.BigInteger(), nullable=False, server_default="0"))
    op.create_table(
        "journalentry",
        sa.Column("conversation_id", sa.Uuid(), sa.ForeignKey("conversation.id"), primary_key=True),
        sa.Column("position", sa.BigInteger(), primary_key=True, autoincrement=False),
        sa.Column("notice", sa.String(), nullable=False),
        sa.Column("recorded_at", UtcDateTime(), nullable=False, index=True),
    )
