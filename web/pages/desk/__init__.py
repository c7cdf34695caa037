"""Pages of reception and units."""
