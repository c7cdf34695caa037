"""Sending notices by e-mail."""
