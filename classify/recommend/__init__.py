"""Which unit usually answers such a case."""
