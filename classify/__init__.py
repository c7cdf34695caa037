"""What is a message about? Text to category, with a confidence, reasons, and the right to abstain.

`labels` holds the tree, `knowledge/` what everybody knows about it (cards and examples of our own),
`training` turns both, and later the clerks' corrections, into a release, `model` reads a release and
answers, `trial` measures a model against labelled messages. Service evaluation is the package
`evaluation`, not this one.
"""
