"""HTML pages: parse the request, make one call, render the result."""
