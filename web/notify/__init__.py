"""Channels by which notices leave."""
