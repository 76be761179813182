"""State the journal's tables and bring a database up to them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, String, Table, Text, inspect, select

HEAD = "0001"

metadata = MetaData()

entries = Table(
    "entries",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False),
    Column("kind", String(16), nullable=False, index=True),
    Column("body", Text, nullable=False),
    Column("wall", Text),
    sqlite_autoincrement=True,
)

identity = Table(
    "identity",
    metadata,
    Column("mode", String(16), primary_key=True),
    Column("account", String(32), primary_key=True),
)


version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def upgrade(connection: Connection) -> None:
    """Run the packaged migrations that this database lacks; costs one query when there are none."""
    if inspect(connection).has_table("alembic_version") and connection.scalar(select(version.c.version_num)) == HEAD:
        return
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
