"""Importing a district's case history from a table, row by row.

A row is there as a whole or not at all, no row stops a file, and no cell stops a row that could be kept. What becomes
of each row and cell is written down; what is decided about history stands in the README of `web/imports`.
"""

from web.imports.history.importer import import_history, preview_history
from web.imports.history.reports import ImportSummary

__all__ = ["ImportSummary", "import_history", "preview_history"]
