"""Signs of urgency and of danger in a message."""
