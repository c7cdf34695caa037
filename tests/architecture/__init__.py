"""Conventions of the code: imports, names, guarded routes, documented settings, current migrations."""
