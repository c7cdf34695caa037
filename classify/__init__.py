"""Classify messages: text to category, with a confidence, reasons, and the right to abstain.

`taxonomy` holds the tree, `knowledge/` our own cards and examples for it, `model.training` fits a release
on both, and later on the clerks' corrections (scikit-learn), `model.release` predicts with a release
(plain arrays), `model.metrics` measures a release on labelled messages. Service evaluation is the package
`evaluation`, not this one.
"""
