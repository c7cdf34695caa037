"""Ratings 好差评 of cases and of services."""
