"""Writing messages that no real channel carries to a file, in development only."""
