"""Hold the journal's migrations; `bot.journal.schema.upgrade` runs them at open."""
