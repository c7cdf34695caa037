"""Shared mechanism without domain words: settings, time, database, outbox, timers, errors, identifiers, encryption.

Imports nothing of ours and holds no word of the domain. The list of modules is closed.
"""
