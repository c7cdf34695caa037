"""One release of the classifier: how it is fitted (scikit-learn), stored, read and measured (plain arrays).

Only `pipeline`, `training` and `adaptation` need scikit-learn, which takes 1.5 s to import: whoever answers requests
imports `release` and never those.
"""
