"""The category model: training, releases, prediction from plain arrays, metrics."""
