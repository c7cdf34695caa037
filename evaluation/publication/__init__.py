"""What is published: editions of figures, files, the annual report."""
