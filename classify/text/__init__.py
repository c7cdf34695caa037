"""Turn a message into features: normalised text, tokens, places."""
