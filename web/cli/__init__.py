"""Implementations of the subcommands of `xinqiao`."""
