"""What people do, the same for pages and the API: one function per action."""
