"""Clocks name the row of TERMS they were started by.

A clock that is stored already gets the id of the row it was started by, as the rows were worded on 2026-11-28: the one
with its code, its law and its label. Two rows were worded alike, the citizen's clock of an urgent matter: there the
urgency of the case decides, which no act changes. The length decides nothing: a town may have promised less. A clock
that fits no row, because a version before worded it otherwise, keeps "": it is shown by what it holds itself, and gets
its id with the next act on its case.
"""

from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise import fields

ROWS = (
    # id, code, law, label, urgency of the case where two rows are worded alike
    ("petition.forward.2022", "forward", "信访工作条例 第二十二条", "登记转送交办", None),
    ("petition.report_up.2022", "report_up", "信访工作条例 第二十五条（及时报告，条例未定时数，平台承诺2小时）", "报告重大紧急事项", None),
    ("petition.notify.transferred.2022", "notify", "信访工作条例 第二十三条第三款", "受理告知", None),
    ("petition.notify.direct.2022", "notify", "信访工作条例 第二十三条第二款", "受理告知", None),
    ("petition.object.2022", "object", "信访工作条例 第二十三条第三款", "提出异议", None),
    ("petition.decide_objection.2022", "decide_objection", "信访工作条例 第二十三条第三款（经核实同意；平台承诺5个工作日）", "核实异议", None),
    ("petition.resolve.claim.2022", "resolve", "信访工作条例 第三十四条", "办结答复", None),
    ("petition.resolve.suggestion.2022", "resolve", "信访工作条例 第二十九条（条例未定天数，平台承诺60日）", "研究答复", None),
    ("petition.resolve.report.2022", "resolve", "信访工作条例 第三十条（按纪检监察规定办理，条例未定天数，平台跟踪90日）", "办理检举控告", None),
    ("petition.review.2022", "review", "信访工作条例 第三十五条", "作出复查意见", None),
    ("petition.re_review.2022", "re_review", "信访工作条例 第三十六条", "作出复核意见", None),
    ("petition.hearing.2022", "hearing", "信访工作条例 第三十一条第六项、第三十六条第二款（条例未定天数，平台承诺30日）", "完成听证", None),
    ("petition.ask_review.2022", "ask_review", "信访工作条例 第三十五条", "申请复查", None),
    ("petition.ask_re_review.2022", "ask_re_review", "信访工作条例 第三十六条", "申请复核", None),
    ("petition.answer.2022", "answer", "信访工作条例 第二十二、二十三、三十四条（15日+15日+60日）", "给您答复", None),
    ("hotline.forward.2020", "forward", "国办发〔2020〕53号（派单）；平台承诺", "派单", None),
    ("hotline.forward.urgent.2020", "forward", "国办发〔2020〕53号（派单）；平台承诺", "紧急派单", None),
    ("hotline.notify.2020", "notify", "国办发〔2020〕53号（办理）；平台承诺 1个工作日签收", "签收受理", None),
    ("hotline.notify.urgent.2020", "notify", "国办发〔2020〕53号（办理）；平台承诺 1小时签收", "紧急签收", None),
    ("hotline.notify.urgent.2026", "notify", "国办发〔2020〕53号（办理）；平台承诺 30分钟签收", "紧急签收", None),
    ("hotline.object.2020", "object", "潍坊市12345条例 第二十条；平台承诺 1个工作日", "申请退单", None),
    ("hotline.contact.2020", "contact", "北京市接诉即办工作条例 第十五条；平台承诺 1个工作日", "联系群众", None),
    ("hotline.resolve.life.2020", "resolve", "平台承诺（危及生命财产 2小时）", "紧急处置", None),
    ("hotline.resolve.utilities.2020", "resolve", "平台承诺（水电气热 24小时）", "紧急办理", None),
    ("hotline.resolve.consult.2020", "resolve", "国办发〔2020〕53号；平台承诺（各地12345规定 5个工作日）", "答复咨询", None),
    ("hotline.resolve.2020", "resolve", "国办发〔2020〕53号；平台承诺（各地12345规定 5个工作日）", "办结答复", None),
    ("hotline.decide_extension.2020", "decide_extension", "北京市接诉即办工作条例 第十五条；平台承诺 1个工作日", "审批延期", None),
    ("hotline.decide_hold.2020", "decide_hold", "济南市12345条例 第二十四条第三项；平台承诺 1个工作日", "审批挂账", None),
    ("hotline.on_account.2020", "on_account", "济南市12345条例 第二十四条第三项（挂账）", "挂账到期", None),
    ("hotline.audit.2020", "audit", "济南市12345条例 第二十七条；平台承诺 2个工作日", "审核办理结果", None),
    ("hotline.call_back.2020", "call_back", "济南市12345条例 第二十七条、北京市接诉即办工作条例 第二十三条；平台承诺 5个工作日", "回访群众", None),
    ("hotline.answer.consult.2020", "answer", "平台承诺（派单1+签收1+办理2个工作日）", "给您答复", None),
    ("hotline.answer.2020", "answer", "平台承诺（派单1+签收1+办理5个工作日）", "给您答复", None),
    ("hotline.answer.life.2020", "answer", "平台承诺（紧急事项）", "给您答复", 1),
    ("hotline.answer.utilities.2020", "answer", "平台承诺（紧急事项）", "给您答复", 2),
    ("any.report_back.2022", "report_back", "信访工作条例 第二十二条第一款第三项（指定办理期限）", "提交办结报告", None),
    ("any.co_reply.2022", "co_reply", "信访工作条例 第二十四条；平台承诺 3个工作日", "协办反馈", None),
    ("any.supervision.2022", "supervision", "信访工作条例 第四十条；平台承诺 5个工作日", "答复督办", None),
    ("rating.sign.2019", "sign", "国办发〔2019〕51号；平台承诺 1个工作日", "签收差评", None),
    ("rating.verify.2019", "verify", "国办发〔2019〕51号；上海市优化营商环境条例 第三十条（1个工作日）", "联系核实", None),
    ("rating.rectify.2019", "rectify", "国办发〔2019〕51号；平台承诺 5个工作日（疑难15个工作日）", "整改反馈", None),
    ("rating.call_back.2019", "call_back", "国办发〔2019〕51号（回访）；平台承诺 3个工作日", "回访", None),
)
_URGENCY = "(SELECT c.urgency FROM feedback_case c WHERE c.id = feedback_clock.case_id)"


def _case(id_: str, code: str, law: str, label: str, urgency: int | None) -> str:
    alike = f" AND {_URGENCY} = {urgency}" if urgency is not None else ""
    return f"WHEN term = '{code}' AND law = '{law}' AND label = '{label}'{alike} THEN '{id_}'"


FILL = f"UPDATE feedback_clock SET term_id = CASE {' '.join(_case(*row) for row in ROWS)} ELSE '' END"


class Migration(migrations.Migration):
    dependencies = [('app', '0015_secret_check')]

    initial = False

    operations = [
        ops.AddField(
            model_name='ClockRow',
            name='term_id',
            field=fields.CharField(default='', db_default='', max_length=60),
        ),
        ops.RunSQL(FILL, ops.RunSQL.noop),
    ]
