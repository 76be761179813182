"""Run the journal's migrations on the connection that `bot.journal.schema.upgrade` hands over."""

from __future__ import annotations

from alembic import context

from bot.journal.schema import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
with context.begin_transaction():
    context.run_migrations()
