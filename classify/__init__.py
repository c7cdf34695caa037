"""Classify messages: text to category, with a confidence, reasons, and the right to abstain.

`taxonomy` holds the tree, `knowledge/` what everybody knows about it (cards and examples of our own),
`model.training` turns both, and later the clerks' corrections, into a release (scikit-learn),
`model.release` reads a release and answers (plain arrays), `model.metrics` measures a release
against labelled messages. Service evaluation is the package
`evaluation`, not this one.
"""
