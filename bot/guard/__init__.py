"""Refuse what must not leave the bot: pre-trade controls, interlocks, the kill switch, the single-instance lock."""
