"""Tests that fit and evaluate the classifier, which takes seconds. Releases are fitted once for a whole run."""
