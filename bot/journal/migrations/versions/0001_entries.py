"""Create the append-only table of entries and the journal's identity."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply this step; on SQLite triggers make the table append-only for every program that opens the file."""
    op.create_table(
        "entries",
        sa.Column("seq", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=True),
        sa.Column("at", sa.String(32), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("body", sa.Text, nullable=False),
        sa.Column("wall", sa.Text),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_entries_kind", "entries", ["kind"])
    op.create_table(
        "identity",
        sa.Column("mode", sa.String(16), primary_key=True),
        sa.Column("account", sa.String(32), primary_key=True),
    )
    if op.get_bind().dialect.name == "sqlite":
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER entries_no_{verb.lower()} BEFORE {verb} ON entries "
                "BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"
            )
