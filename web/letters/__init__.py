"""Official letters (文书): what they say, the Word templates they are written from, Word and PDF."""
