"""Taking in files: case histories, calendar notices, a district's units and people."""
