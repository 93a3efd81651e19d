"""An index for search."""

from alembic import op

from reference_server.database import search_index

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Index the messages."""
    search_index.create(op.get_bind())
