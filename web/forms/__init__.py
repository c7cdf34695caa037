"""Forms: reading what was typed, the fields of a step, reply templates."""
