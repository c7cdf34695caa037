"""HTTP mechanism: security headers, limits, errors, templates, health."""
