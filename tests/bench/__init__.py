"""Measurements and stress tests that take longer than a test may: each prints its figures."""
