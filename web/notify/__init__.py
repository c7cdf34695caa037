"""Channels that send notices."""
