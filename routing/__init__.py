"""Who answers, and who is told? Units, routing rows, notices and the ladder of warnings."""
