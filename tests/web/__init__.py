"""Functions of `web` without server and database: parsing forms and files, rendering letters."""
