"""Pages for staff of reception desks and handling units."""
