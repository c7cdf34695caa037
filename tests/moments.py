"""The moments tests begin at, for tests of pure rules too: no installation is needed to know what day it is."""

from datetime import datetime

from feedback.kernel.clock import OFFICE_TIMEZONE, to_utc

MONDAY = to_utc(datetime(2026, 9, 14, 9, 0, tzinfo=OFFICE_TIMEZONE))
"""A Monday morning at the office, a fortnight before National Day."""
