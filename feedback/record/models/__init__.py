"""Tables of the case file, by topic."""
