"""The house itself: imports, names, guarded routes, documented settings, current migrations."""
