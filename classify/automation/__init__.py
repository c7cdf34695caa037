"""Whether a category may be routed without a person: outcomes and the sequential test."""
