"""One release of the classifier: how it is fitted (scikit-learn), stored, read and measured (plain arrays).

Only `pipeline`, `training` and `adaptation` need scikit-learn, which takes 1.5 s to import: web processes import
`release` and never those.
"""
