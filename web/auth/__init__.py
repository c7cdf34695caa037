"""Who somebody is: sessions, second factor, accounts, permissions."""
