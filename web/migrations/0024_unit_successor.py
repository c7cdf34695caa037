"""Which unit goes on with what a closed one did (信访工作条例 第二十四条第二款)."""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('app', '0023_deciders')]

    initial = False

    operations = [
        ops.AddField(
            model_name='Unit',
            name='successor',
            field=fields.CharField(default='', db_default='', max_length=60),
        ),
    ]
