"""Whether an edition of the calendar leaves years without a notice to the days off of the law, or to the plain week.

Editions there are did not: they stay as they are, so that what was counted by them can be counted again. `xinqiao
migrate` lets an edition follow that does (`calendar_editions.seed_calendar`), which moves running deadlines with a record.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('app', '0020_metering')]

    initial = False

    operations = [
        ops.AddField(
            model_name='CalendarEdition',
            name='has_statutory_days',
            field=fields.BooleanField(default=False, db_default=False),
        ),
    ]
