"""View objects: rows turned into words for templates and the API."""
