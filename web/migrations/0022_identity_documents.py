"""The kind of an identity document beside its number, and a keyed hash of its last six places.

Numbers there are belong to resident identity cards: nothing else was taken. Their hashes need the secret, so `xinqiao
migrate` fills them in after this (`people.fill_id_tails`).
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('app', '0021_statutory_days')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Person',
            name='id_kind',
            field=fields.CharField(default='', db_default='', max_length=3),
        ),
        ops.AddField(
            model_name='Person',
            name='id_tail_hash',
            field=fields.CharField(default='', db_default='', max_length=64),
        ),
        ops.AddIndex(
            model_name='Person',
            index=Index(fields=['id_tail_hash']),
        ),
    ]
