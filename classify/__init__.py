"""What is it about? Text to category, with reasons; measuring a model is `classify.trial`, not `evaluation`."""
