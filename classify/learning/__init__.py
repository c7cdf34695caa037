"""Learning from what clerks decide: labels, candidates, training runs, drift."""
