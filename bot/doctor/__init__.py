"""Examine everything a trading day needs, before it is needed."""
