"""From a message to features: normalised text, tokens, places."""
