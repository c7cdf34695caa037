"""Authentication and permissions: sessions, second factor, accounts, roles."""
