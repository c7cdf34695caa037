"""The doors and the assembly: pages, API, command line, worker. Nobody imports `web`."""
