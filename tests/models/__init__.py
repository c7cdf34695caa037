"""The classifier fitted and tried: what takes seconds of arithmetic. Releases are fitted once for a whole run."""
