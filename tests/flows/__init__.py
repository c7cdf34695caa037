"""Stories, races and repetitions through the one door, on a database."""
