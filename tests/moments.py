"""The times at which tests begin, also for tests of pure rules."""

from datetime import datetime

from feedback.kernel.clock import OFFICE_TIMEZONE, to_utc

MONDAY = to_utc(datetime(2026, 9, 14, 9, 0, tzinfo=OFFICE_TIMEZONE))
"""A Monday morning at the office, a fortnight before National Day."""
