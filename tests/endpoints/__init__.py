"""Whole HTTP requests, as each person would make them."""
