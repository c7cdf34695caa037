"""Case cookies given back before their time are remembered, and for some weeks where messages came from."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('app', '0019_attachment_files')]

    initial = False

    operations = [
        ops.CreateModel(
            name='MessageSource',
            fields=[
                ('case_no', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=24)),
                ('network', fields.CharField(max_length=64)),
                ('device', fields.CharField(default='', max_length=64)),
                ('at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'web_message_source', 'app': 'app', 'indexes': [Index(fields=['at']), Index(fields=['network', 'at']), Index(fields=['device', 'at'])], 'pk_attr': 'case_no', 'table_description': "From where citizens' messages came, as keyed hashes, so that a burst is found, for some weeks and never of a report"},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='RevokedCaseCookie',
            fields=[
                ('digest', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('expires_at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'web_revoked_case_cookie', 'app': 'app', 'indexes': [Index(fields=['expires_at'])], 'pk_attr': 'digest', 'table_description': 'Cookies that opened a case and were given back on a shared computer, by their hashes, until they end by themselves'},
            bases=['Model'],
        ),
    ]
