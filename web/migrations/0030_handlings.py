"""The register of service handlings (办件), and ratings nobody proved to be from somebody who was served.

Ratings of handlings that came in before stay what they were: nobody was asked for a proof then.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from orjson import loads
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('app', '0029_shared_computer_drafts')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Handling',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('handling_no', fields.CharField(max_length=60)),
                ('matter', fields.CharField(max_length=40)),
                ('unit', fields.CharField(max_length=60)),
                ('window', fields.CharField(default='', max_length=40)),
                ('node', fields.CharField(max_length=12)),
                ('at', InstantField(generated=False, null=False, unique=False)),
                ('phone_hash', fields.CharField(default='', max_length=64)),
                ('wrong_proofs', fields.SmallIntField(default=0)),
                ('registered_by', fields.CharField(max_length=80)),
                ('registered_at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'evaluation_handling', 'app': 'app', 'unique_together': (('handling_no', 'matter'),), 'indexes': [Index(fields=['unit', 'registered_at'])], 'pk_attr': 'id', 'table_description': 'Handlings of services (办件) whose applicants may rate them, one row each'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='UnverifiedRating',
            fields=[
                ('id', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=40)),
                ('matter', fields.CharField(max_length=40)),
                ('matter_name', fields.CharField(max_length=200)),
                ('handling_no', fields.CharField(default='', max_length=60)),
                ('window', fields.CharField(default='', max_length=40)),
                ('unit', fields.CharField(max_length=60)),
                ('pf', fields.CharField(max_length=2)),
                ('level', fields.SmallIntField()),
                ('tags', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('text', fields.TextField(default='', unique=False)),
                ('reason', fields.CharField(max_length=20)),
                ('at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'evaluation_unverified_rating', 'app': 'app', 'indexes': [Index(fields=['at']), Index(fields=['unit', 'at'])], 'pk_attr': 'id', 'table_description': 'Ratings by somebody who did not prove to have been served: they count nowhere and open nothing'},
            bases=['Model'],
        ),
    ]
