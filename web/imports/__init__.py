"""Importing files: case histories, calendar notices, a district's units and people."""
