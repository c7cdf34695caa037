"""Rows become what people read: view objects for templates and the API."""
