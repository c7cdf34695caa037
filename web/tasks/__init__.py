"""Work that joins packages: classification, training, topics, unit recommendation."""
