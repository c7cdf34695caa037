"""Pages where citizens submit a case and follow their own."""
