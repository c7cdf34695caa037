"""Citizens who proved a telephone number, their sessions and codes, query codes issued anew, and more of a person."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('app', '0027_citizen_notices')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Citizen',
            fields=[
                ('phone_hash', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('phone', fields.TextField(unique=False)),
                ('since', InstantField(generated=False, null=False, unique=False)),
                ('verified_at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'web_citizen', 'app': 'app', 'pk_attr': 'phone_hash', 'table_description': 'Citizens who proved a telephone number, found by its keyed hash'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='CitizenSession',
            fields=[
                ('token_hash', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('id', fields.CharField(unique=True, max_length=24)),
                ('phone_hash', fields.CharField(max_length=64)),
                ('device', fields.CharField(default='', max_length=40)),
                ('is_kept', fields.BooleanField(default=False)),
                ('made_at', InstantField(generated=False, null=False, unique=False)),
                ('seen_at', InstantField(generated=False, null=False, unique=False)),
                ('expires_at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'web_citizen_session', 'app': 'app', 'indexes': [Index(fields=['phone_hash']), Index(fields=['expires_at'])], 'pk_attr': 'token_hash', 'table_description': 'Where a citizen is logged in by telephone, found by the hash of the token'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='CodeReissue',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('case_no', fields.CharField(max_length=20)),
                ('at', InstantField(generated=False, null=False, unique=False)),
                ('actor', fields.CharField(max_length=80)),
                ('actor_name', fields.CharField(max_length=80)),
                ('unit', fields.CharField(default='', max_length=60)),
                ('reason', fields.CharField(max_length=300)),
                ('digest', fields.CharField(max_length=64)),
            ],
            options={'table': 'feedback_code_reissue', 'app': 'app', 'indexes': [Index(fields=['case_no'])], 'pk_attr': 'id', 'table_description': 'Query codes that were issued anew, with who did it and why'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='ConfirmedCase',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('phone_hash', fields.CharField(max_length=64)),
                ('case_no', fields.CharField(max_length=24)),
                ('at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'web_confirmed_case', 'app': 'app', 'unique_together': (('phone_hash', 'case_no'),), 'pk_attr': 'id', 'table_description': 'Older cases whose query code or name a citizen knew, so that they are theirs from then on'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PhoneCode',
            fields=[
                ('phone_hash', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('code_hash', fields.CharField(max_length=64)),
                ('tries', fields.IntField()),
                ('expires_at', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'web_phone_code', 'app': 'app', 'indexes': [Index(fields=['expires_at'])], 'pk_attr': 'phone_hash', 'table_description': 'Codes sent to telephones, one per number, both as keyed hashes, with the tries made at them'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='PhoneCount',
            fields=[
                ('key', fields.CharField(primary_key=True, unique=True, db_index=True, max_length=64)),
                ('count', fields.IntField()),
                ('until', InstantField(generated=False, null=False, unique=False)),
            ],
            options={'table': 'web_phone_count', 'app': 'app', 'indexes': [Index(fields=['until'])], 'pk_attr': 'key', 'table_description': 'How often codes were asked for, or names tried, within a span, by keyed hashes of who did'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Person',
            name='email',
            field=fields.TextField(default='', db_default='', unique=False),
        ),
        ops.AddField(
            model_name='Person',
            name='org_code',
            field=fields.TextField(default='', db_default='', unique=False),
        ),
        ops.AddField(
            model_name='Person',
            name='org_name',
            field=fields.TextField(default='', db_default='', unique=False),
        ),
    ]
