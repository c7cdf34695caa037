"""Publishes the months of the demo's time that are over, as the timer of a real installation would."""

from datetime import datetime, timedelta

from evaluation.publication import editions
from feedback.kernel.clock import office_day
from feedback.kernel.settings import Settings


async def publish_months(start: datetime, end: datetime, settings: Settings) -> None:
    """Freeze every whole month between two instants into an edition."""
    month = office_day(start).replace(day=1)
    while (month + timedelta(days=32)).replace(day=1) <= office_day(end):
        await editions.publish_edition(f"{month:%Y-%m}", now=end, author="demo", settings=settings)
        month = (month + timedelta(days=32)).replace(day=1)
