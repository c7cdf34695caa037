"""Functions of `web` by themselves: forms read, letters drawn, files understood; no server and no database."""
