"""What does every part stand on? Mechanism only: settings, time, database, outbox, errors, codes, sealing.

Imports nothing of ours and holds no word of the domain. The list of modules is closed.
"""
