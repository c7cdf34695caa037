"""Ratings know their case's desk, rule book, region and class; what is left out of rates has a table."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from feedback.kernel.db import InstantField
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('app', '0002_lists_at_size')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Exclusion',
            fields=[
                ('id', fields.BigIntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('case_no', fields.CharField(unique=True, max_length=20)),
                ('unit', fields.CharField(max_length=60)),
                ('reason', fields.CharField(max_length=300)),
                ('asked_by', fields.CharField(max_length=80)),
                ('asked_at', InstantField(generated=False, null=False, unique=False)),
                ('status', fields.CharField(max_length=20)),
                ('decided_by', fields.CharField(default='', max_length=80)),
                ('decided_at', InstantField(null=True, generated=False, unique=False)),
                ('answer', fields.CharField(default='', max_length=300)),
            ],
            options={'table': 'evaluation_exclusion', 'app': 'app', 'indexes': [Index(fields=['status', 'asked_at']), Index(fields=['unit', 'status'])], 'pk_attr': 'id', 'table_description': 'Cases left out of satisfaction rates, asked for with a reason and decided by somebody else'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Rating',
            name='confidential',
            field=fields.BooleanField(default=False, db_default=False),
        ),
        ops.AddField(
            model_name='Rating',
            name='desk',
            field=fields.CharField(default='', db_default='', max_length=60),
        ),
        ops.AddField(
            model_name='Rating',
            name='desk_level',
            field=fields.SmallIntField(null=True),
        ),
        ops.AddField(
            model_name='Rating',
            name='dispute_reason',
            field=fields.CharField(default='', db_default='', max_length=300),
        ),
        ops.AddField(
            model_name='Rating',
            name='disputed_at',
            field=InstantField(null=True, generated=False, unique=False),
        ),
        ops.AddField(
            model_name='Rating',
            name='disputed_by',
            field=fields.CharField(default='', db_default='', max_length=80),
        ),
        ops.AddField(
            model_name='Rating',
            name='profile',
            field=fields.CharField(default='', db_default='', max_length=20),
        ),
        ops.AddField(
            model_name='Rating',
            name='region',
            field=fields.CharField(default='', db_default='', max_length=12),
        ),
        ops.RunSQL(
            "UPDATE evaluation_rating SET "
            "confidential = (SELECT c.confidential FROM feedback_case c WHERE c.no = evaluation_rating.case_no), "
            "profile = (SELECT c.profile FROM feedback_case c WHERE c.no = evaluation_rating.case_no), "
            "region = (SELECT c.region FROM feedback_case c WHERE c.no = evaluation_rating.case_no), "
            "desk = (SELECT c.desk FROM feedback_case c WHERE c.no = evaluation_rating.case_no) "
            "WHERE case_no IN (SELECT no FROM feedback_case)",
            ops.RunSQL.noop,
        ),
    ]
