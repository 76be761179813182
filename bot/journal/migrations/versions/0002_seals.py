"""Give each entry a seal, and room for closed parts and for what the folds knew when a part was begun."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step; entries that are there already stay as they are, without a seal."""
    op.add_column("entries", sa.Column("seal", sa.String(64)))
    op.create_table(
        "parts",
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("last", sa.BigInteger, nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("seal", sa.String(64)),
    )
    op.create_table(
        "knowledge",
        sa.Column("through", sa.BigInteger, primary_key=True),
        sa.Column("program", sa.String(64), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
    )
