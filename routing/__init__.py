"""Which unit handles a case and who is notified: units, routing rows, notices, escalation and oversight."""
