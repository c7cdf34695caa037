"""Pure rules: no database, no fixtures."""
