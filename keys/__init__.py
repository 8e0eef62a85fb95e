"""Signing and sealing keys: made, kept sealed, rotated by policy and clock, published."""
