"""Runs against real processes: what the system does when a part of it is killed, locked, full or away."""
