"""The JSON API: parse the request, make one call, present the result."""
