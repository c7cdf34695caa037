"""Detect urgency and danger in a message."""
