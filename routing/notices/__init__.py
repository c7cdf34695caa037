"""Who is notified of what, in which words, when and by which channel."""
