"""The one seam to Interactive Brokers."""
