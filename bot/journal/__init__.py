"""Keep the append-only journal: what the bot saw, decided, intended, sent and was told, in order."""
