"""State the journal's tables and bring a database up to them."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import BigInteger, Column, Connection, Integer, MetaData, String, Table, Text, inspect, select

from bot.errors import UsageProblem

KNOWN = ("0001", "0002")
HEAD = KNOWN[-1]

metadata = MetaData()

entries = Table(
    "entries",
    metadata,
    Column("seq", BigInteger().with_variant(Integer, "sqlite"), primary_key=True, autoincrement=True),
    Column("at", String(32), nullable=False),
    Column("kind", String(16), nullable=False, index=True),
    Column("body", Text, nullable=False),
    Column("wall", Text),
    Column("seal", String(64)),
    sqlite_autoincrement=True,
)

identity = Table(
    "identity",
    metadata,
    Column("mode", String(16), primary_key=True),
    Column("account", String(32), primary_key=True),
)

parts = Table(  # closed files that come before this one, the oldest first
    "parts",
    metadata,
    Column("number", Integer, primary_key=True),
    Column("last", BigInteger, nullable=False),
    Column("digest", String(64), nullable=False),
    Column("seal", String(64)),
)

knowledge = Table(  # what the folds knew after entry `through`: a copy for a quick start, never the truth
    "knowledge",
    metadata,
    Column("through", BigInteger, primary_key=True),
    Column("program", String(64), nullable=False),
    Column("digest", String(64), nullable=False),
    Column("body", Text, nullable=False),
)

version = Table("alembic_version", MetaData(), Column("version_num", String(32), primary_key=True))


def upgrade(connection: Connection, name: str = "") -> None:
    """Run the packaged migrations that this database lacks; costs one query when there are none.

    Raises `UsageProblem` for a database of a newer version.
    """
    if inspect(connection).has_table("alembic_version"):
        found = connection.scalar(select(version.c.version_num))
        if found == HEAD:
            return
        if found is not None and found not in KNOWN:
            raise UsageProblem(
                f"the journal {name} has tables of version {found}, this program knows up to {HEAD}: "
                "it was written by a newer version; install that one"
            )
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
