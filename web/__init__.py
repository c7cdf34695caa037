"""Web pages, JSON API, command line and worker, and the assembly of all packages. Nobody imports `web`."""
