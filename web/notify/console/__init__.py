"""Notices to the log."""
