"""Topics many people complain about: clustering and storage."""
