"""Pages of the citizen's own case."""
