"""JSON doors of CONTRACT: parse, one call, present."""
