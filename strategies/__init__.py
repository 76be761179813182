"""The decision core: pure functions over frozen records; no clock, no I/O, no broker."""
