"""Pages of a citizen who proved a telephone number: own cases, messages, devices, own data."""
