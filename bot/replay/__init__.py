"""Decide recorded wake-ups again, from the record alone."""
