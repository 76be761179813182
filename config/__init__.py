"""Settings and their profiles."""
