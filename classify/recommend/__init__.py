"""Recommend the unit that usually answers such a case."""
