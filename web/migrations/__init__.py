"""The one linear history of all tables, on both databases."""
