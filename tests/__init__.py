"""Tests read as sentences and go through the doors people use."""
