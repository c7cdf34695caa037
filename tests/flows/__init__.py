"""Use cases, races and repetitions on a database, through the functions that write cases."""
