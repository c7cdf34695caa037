"""A picture decoded and written anew, without what it says about its sender. Pure: bytes in, bytes out.

A few kilobytes may unpack to hundreds of megabytes, so this runs in a process of its own
(`python -m feedback.rules.pictures`) with limits on memory and time.
"""
