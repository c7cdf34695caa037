"""Official letters (文书): placeholders, Word templates, and rendering to Word and PDF."""
