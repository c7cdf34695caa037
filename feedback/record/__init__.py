"""The tables of the case file and the only modules that write them."""
