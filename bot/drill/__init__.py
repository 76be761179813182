"""Play one day with faults, crashes and other people's hands through the real bot, and see whether the rules held."""
