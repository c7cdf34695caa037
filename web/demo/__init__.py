"""The demonstration town and its simulated life."""
