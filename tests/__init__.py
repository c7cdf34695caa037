"""Tests read as sentences and use the interfaces people use."""
