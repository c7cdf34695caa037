"""Pages for log-in, password and second factor."""
