"""The demonstration town and the simulation of its cases."""
