"""What the law and the town ask of a case: pure functions and tables over values, no I/O."""
