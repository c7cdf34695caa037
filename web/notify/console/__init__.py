"""Sending notices to the log."""
