"""ALVH: guard a book of SPX iron condors against volatility spikes with a long VIX-futures overlay."""
