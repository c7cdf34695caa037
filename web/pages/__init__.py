"""HTML pages: parse, one call, present."""
