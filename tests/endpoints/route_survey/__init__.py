"""Every route as every role: nothing may differ for whom may not know."""
