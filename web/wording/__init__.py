"""The Chinese words people read."""
