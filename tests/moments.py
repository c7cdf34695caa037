"""The moments tests begin at, for tests of pure rules too: no installation is needed to know what day it is."""

from datetime import datetime

from feedback.kernel.clock import OFFICE, aware

MONDAY = aware(datetime(2026, 9, 14, 9, 0, tzinfo=OFFICE))
"""A Monday morning at the office, a fortnight before National Day."""
