"""Measurements and ordeals that take longer than a test may: each prints its figures."""
