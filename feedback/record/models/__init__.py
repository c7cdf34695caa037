"""The tables of the case file."""
