"""The simulated TWS gateway; it imports nothing of the rest of the bot."""
