"""Carry orders to the broker and follow what becomes of them."""
