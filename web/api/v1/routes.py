"""The table of all calls of API v1; routes, OpenAPI document and readable page are made from it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel.spreadsheets import XLSX_TYPE
from web.actions.links import BULK_MOST
from web.api import openapi
from web.api.route_table import Call, Who, answered, routes
from web.api.schemas import public, requests, responses
from web.api.v1 import (
    attachments,
    calendar,
    cases,
    classifier,
    desk,
    disputes,
    kpis,
    law,
    letters,
    links,
    notices,
    oversight,
    ratings,
    reference,
    sessions,
    topics,
    wechat,
)
from web.context import AppContext

PREFIX = "/api/v1"
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


async def document(request: Request) -> Response:
    """The OpenAPI document."""
    return answered(openapi.document(CALLS, _server(request)))


async def docs(request: Request) -> Response:
    """The same for people to read."""
    context: AppContext = request.app.state.context
    told = openapi.document(CALLS, _server(request))
    values = {
        "calls": [_readable(call, told) for call in CALLS],
        "types": openapi.types_of(CALLS),
        "server": _server(request),
        "prefix": PREFIX,
    }
    return context.render(request, "api/docs.html", values)


def _server(request: Request) -> str:
    context: AppContext = request.app.state.context
    return (context.settings.public_url or str(request.base_url)).rstrip("/").removesuffix(PREFIX) + PREFIX


def _readable(call: Call, told: dict[str, Any]) -> dict[str, Any]:
    operation = told["paths"][call.path][call.method.lower()]
    return {
        "anchor": operation["operationId"],
        "method": call.method,
        "path": call.path,
        "who": _WHO[call.who],
        "title": call.title,
        "remark": call.remark,
        "query": openapi.rows_of(call.query) if call.query else [],
        "body": openapi.rows_of(call.body) if call.body else [],
        "takes_file": call.takes_file,
        "answers": [(status, cls.__name__ if cls else "", call.media) for status, cls in call.answers.items()],
        "faults": [(status, openapi.FAULT_WORDS[status]) for status in call.statuses],
    }


_WHO = {Who.ANYONE: "任何人", Who.HOLDER: "持查询码的人，或看得到这一件的工作人员", Who.STAFF: "工作人员"}

# fmt: off
CALLS: tuple[Call, ...] = (
    Call("POST", "/cases", cases.submit, Who.ANYONE, "提交诉求",
         {201: responses.ReceiptOut, 200: responses.ReceiptOut}, body=requests.NewCase, faults=(401, 409),
         headers={"Idempotency-Key": "没有 source_id 时作为来源编号；同一渠道重复提交返回同一张回执"},
         remark="同一渠道、同一来源编号再次提交，返回 200 和同一张回执；来源编号已用于另一段文字时返回 409。工作人员带令牌提交，登记为代收。"),
    Call("GET", "/cases/{no}", cases.look_up, Who.HOLDER, "查看诉求",
         {200: responses.CaseOut}, query=requests.CaseQuery, faults=(404,),
         remark="编号不存在和查询码不对的回答完全一样。acts 是现在可以办理的动作。"),
    Call("POST", "/cases/{no}/acts/{act}", cases.act, Who.HOLDER, "办理一步",
         {200: responses.CaseOut}, body=requests.ActIn, faults=(403, 404, 409), takes_more=True,
         remark="动作和要带的字段就是诉求的 acts 里列出的；群众在 code 里带查询码，工作人员用令牌。"),
    Call("GET", "/cases/{no}/attachments/{id}", attachments.download, Who.HOLDER, "下载附件",
         {200: None}, query=requests.CaseQuery, faults=(404,), media="application/octet-stream"),
    Call("GET", "/cases/{no}/letters/{id}.{form}", cases.letter, Who.HOLDER, "下载文书",
         {200: None}, query=requests.CaseQuery, faults=(404, 503), media="application/octet-stream",
         remark="form 为 pdf 或 docx；id 是诉求的 letters 里列出的。单位之间的转送单、督办函等只有工作人员能下载。"),
    Call("POST", "/attachments", attachments.upload, Who.ANYONE, "上传附件",
         {201: responses.Uploaded}, takes_file=True,
         remark="先上传，再在 attachments 里带上得到的 id。照片里的位置等信息会被去掉。"),
    Call("POST", "/ratings", ratings.rate, Who.ANYONE, "评价",
         {201: responses.RatingOut}, body=requests.NewRating, faults=(401, 403, 404, 409),
         remark="评价一件诉求带 case_no 和 code；评价一次办件带 handling_no 和 matter；扫码评价带 token。一次评价，可以追评一次。"),
    Call("POST", "/sessions", sessions.log_in, Who.ANYONE, "工作人员登录",
         {201: responses.SessionOut}, body=requests.LogIn, faults=(401,)),
    Call("DELETE", "/sessions", sessions.log_out, Who.STAFF, "退出登录", {204: None}),
    Call("POST", "/sessions/wx", wechat.log_in, Who.ANYONE, "小程序登录",
         {201: responses.WxSession}, body=requests.WxLogIn, faults=(401, 503)),
    Call("GET", "/desk/cases", desk.worklist, Who.STAFF, "工作台列表",
         {200: responses.DeskPage}, query=requests.DeskQuery),
    Call("GET", "/desk/links", links.proposed, Who.STAFF, "待判断的重件和同类件",
         {200: links.LinkList}, query=links.LinkQuery, faults=(403,), remark="限受理窗口。"),
    Call("POST", "/desk/links/{id}", links.decide, Who.STAFF, "判断一个关联",
         {200: links.LinkOut}, body=links.LinkDecisionIn, faults=(403, 404, 409),
         remark="限这一件的受理窗口。merge、answer 会办理后来的一件。"),
    Call("GET", "/cases/{no}/links", links.of_case, Who.STAFF, "一件的关联件",
         {200: links.LinkList}, faults=(404,), remark="只列两件都看得到的。"),
    Call("POST", "/cases/{no}/links", links.add, Who.STAFF, "关联到先前的一件",
         {201: links.LinkList}, body=links.LinkIn, faults=(403, 404),
         remark="限这一件的受理窗口。"),
    Call("GET", "/desk/campaigns/{no}", links.campaign, Who.STAFF, "多人反映的同一事项",
         {200: links.CampaignOut}, faults=(404,)),
    Call("POST", "/desk/campaigns/{no}/replies", links.answer, Who.STAFF, "一并答复",
         {200: links.CampaignReplies}, body=links.CampaignIn, faults=(404,),
         remark=f"一次最多 {BULK_MOST} 件，每一件各自记录、各自停止时限。"),
    Call("GET", "/desk/ratings", disputes.bad, Who.STAFF, "差评和整改",
         {200: disputes.BadRatingPage}, query=disputes.BadRatingQuery, faults=(403,)),
    Call("POST", "/desk/ratings/{id}/dispute", disputes.dispute, Who.STAFF, "申诉误评",
         {200: disputes.StatusOut}, body=disputes.ReasonIn, faults=(403, 404, 409), remark="限被评价单位，一个评价申诉一次。"),
    Call("POST", "/desk/ratings/{id}/judgement", disputes.judge, Who.STAFF, "复核申诉",
         {200: disputes.StatusOut}, body=disputes.JudgementIn, faults=(403, 404, 409), remark="由被评价单位以外的督办人员复核。"),
    Call("GET", "/desk/exclusions", disputes.excluded, Who.STAFF, "剔除申请", {200: disputes.ExclusionList}, faults=(403,)),
    Call("POST", "/desk/exclusions", disputes.exclude, Who.STAFF, "申请剔除",
         {201: disputes.StatusOut}, body=disputes.ExclusionIn, faults=(403, 404, 409), remark="限主办单位，一件申请一次。"),
    Call("POST", "/desk/exclusions/{no}", disputes.decide, Who.STAFF, "批准或者不同意剔除",
         {200: disputes.StatusOut}, body=disputes.ExclusionDecisionIn, faults=(403, 404, 409), remark="由主办单位以外的督办人员决定。"),
    Call("GET", "/calendar", calendar.known, Who.STAFF, "工作日历",
         {200: calendar.CalendarOut}, query=calendar.CalendarQuery, faults=(403,), remark="限管理员。"),
    Call("POST", "/calendar/drafts", calendar.hand_in, Who.STAFF, "提交日历改动，先看影响",
         {201: calendar.DraftOut}, body=calendar.CalendarIn, faults=(403,), remark="限管理员。还不改动任何期限。"),
    Call("GET", "/calendar/drafts/{number}", calendar.draft, Who.STAFF, "一个日历改动和它的影响",
         {200: calendar.DraftOut}, faults=(403, 404), remark="限管理员。检举控告不在影响里列出。"),
    Call("POST", "/calendar/drafts/{number}/apply", calendar.carry_out, Who.STAFF, "启用看过的改动",
         {200: calendar.Applied}, faults=(403, 404, 409),
         remark="限管理员。再次启用返回同一版本；看过之后日历又变了的返回 409，先 again 再看。"),
    Call("POST", "/calendar/drafts/{number}/again", calendar.again, Who.STAFF, "对着现在的日历重新预览",
         {201: calendar.DraftOut}, faults=(403, 404), remark="限管理员。"),
    Call("GET", "/calendar/editions/{name}", calendar.edition, Who.STAFF, "一个日历版本和它移动的期限",
         {200: calendar.EditionOut}, faults=(403, 404), remark="限管理员。"),
    Call("POST", "/calendar/editions/{name}/restore", calendar.restore, Who.STAFF, "预览恢复到这个版本",
         {201: calendar.DraftOut}, faults=(403, 404), remark="限管理员。恢复也是一个新版本，启用前先看影响。"),
    Call("POST", "/classify", desk.classify, Who.STAFF, "分类和派单建议",
         {200: responses.SuggestionOut}, body=requests.ToClassify, remark="只是建议，不改动任何诉求。"),
    Call("GET", "/releases", classifier.listed, Who.STAFF, "分类器版本",
         {200: classifier.ReleaseList}, faults=(403,), remark="限管理员。每个版本带它比试的成绩。"),
    Call("POST", "/releases", classifier.train, Who.STAFF, "训练候选版本",
         {202: classifier.TrainingRequested}, faults=(403,), remark="限管理员。在后台训练并与现行版本比试，不比它差才启用。"),
    Call("POST", "/releases/back", classifier.roll_back, Who.STAFF, "退回上一版本",
         {200: classifier.ReleaseOut}, faults=(403, 409), remark="限管理员。"),
    Call("POST", "/releases/{id}/promote", classifier.promote, Who.STAFF, "启用一个版本",
         {200: classifier.ReleaseOut}, faults=(403, 404), remark="限管理员。"),
    Call("GET", "/topics", topics.hot, Who.STAFF, "热点", {200: topics.TopicList}, faults=(403,),
         remark="限督办和审计。只统计看得到的诉求，按不同的人数排序。"),
    Call("GET", "/answer-findings", topics.quality, Who.STAFF, "答复检查结果", {200: topics.FindingList}, faults=(403,),
         remark="限督办和审计。近 90 天发出的答复，每一项检查的比例。"),
    Call("GET", "/notices", notices.notices, Who.STAFF, "本单位的通知", {200: notices.NoticeList}),
    Call("POST", "/notices/read", notices.mark, Who.STAFF, "通知标为已读",
         {200: notices.Marked}, body=notices.MarkIn, remark="不带 ids 就是全部。"),
    Call("GET", "/oversight/late", oversight.late, Who.STAFF, "超期与告知",
         {200: oversight.LateList}, faults=(403,), remark="每个超期的时限告知了谁、什么时候。"),
    Call("GET", "/oversight/proposals", oversight.proposals, Who.STAFF, "建议督办",
         {200: oversight.ProposalList}, faults=(403,)),
    Call("POST", "/oversight/proposals/{id}", oversight.decide, Who.STAFF, "发出或者不发督办",
         {200: oversight.Decided}, body=oversight.DecisionIn, faults=(403, 404, 409)),
    Call("GET", "/oversight/orders", oversight.orders, Who.STAFF, "督办件", {200: oversight.OrderList}, faults=(403,)),
    Call("GET", "/oversight/ladder", oversight.rungs, Who.STAFF, "逐级告知", {200: oversight.Ladder},
         remark="时限走到哪一步告知谁、怎么说，每一行带依据。"),
    Call("GET", "/oversight/forecast", oversight.forecast, Who.STAFF, "可能超期",
         {200: oversight.ForecastList}, faults=(403,), remark="承办单位只看到本单位的时限。"),
    Call("GET", "/oversight/measures", oversight.list_measures, Who.STAFF, "措施与建议",
         {200: oversight.MeasureList}, query=oversight.MeasureQuery, faults=(403,)),
    Call("POST", "/oversight/measures", oversight.issue, Who.STAFF, "发出措施或者建议",
         {201: oversight.MeasureOut}, body=oversight.MeasureIn, faults=(403,)),
    Call("GET", "/oversight/measures/{id}", oversight.one_measure, Who.STAFF, "一项措施或者建议",
         {200: oversight.MeasureOut}, faults=(403, 404)),
    Call("POST", "/oversight/measures/{id}/acts/{act}", oversight.deed, Who.STAFF, "办理一项措施或者建议",
         {200: oversight.MeasureOut}, body=oversight.MeasureStepIn, faults=(403, 404, 409),
         remark="answer 反馈（单位负责人）、send_back 退回补充、close 归档、withdraw 撤回。"),
    Call("GET", "/units", reference.units, Who.ANYONE, "单位和职责", {200: public.UnitList}),
    Call("GET", "/categories", reference.category_tree, Who.ANYONE, "内容分类", {200: public.CategoryList}),
    Call("GET", "/law", law.law, Who.ANYONE, "办理依据：时限、环节、情形和文书", {200: law.Law},
         remark="与表单、计时和网页“办理依据”用的是同一张表，每一行写明条文。"),
    Call("GET", "/letters/verify", letters.verify, Who.ANYONE, "核验文书",
         {200: letters.Verified}, query=letters.VerifyQuery,
         remark="凭文书上的核验码。码不对和没有这份文书的回答完全一样，都是 genuine 为 false；与网页“核验文书”是同一个函数。"),
    Call("GET", "/letters", letters.listed, Who.STAFF, "文书和模板",
         {200: letters.TemplateList}, faults=(403,), remark="限管理员。"),
    Call("GET", "/letters/{code}", letters.show_template, Who.STAFF, "一种文书和它的占位符",
         {200: letters.TemplateOut}, faults=(403, 404), remark="限管理员。"),
    Call("POST", "/letters/{code}", letters.take_in, Who.STAFF, "启用本地模板",
         {200: letters.TemplateOut}, faults=(403, 404), takes_file=True,
         remark="限管理员。检查与网页相同：Word 文件、占位符、必须写明的内容；有问题的不启用，message 逐条说明。已经签发的文书不变。"),
    Call("POST", "/letters/{code}/restore", letters.restore, Who.STAFF, "恢复平台模板",
         {200: letters.TemplateOut}, faults=(403, 404), remark="限管理员。"),
    Call("GET", "/letters/{code}/template.docx", letters.template, Who.STAFF, "下载模板",
         {200: None}, query=letters.TemplateQuery, faults=(403, 404), media=_DOCX, remark="限管理员。"),
    Call("GET", "/letters/{code}/sample.pdf", letters.sample, Who.STAFF, "样张",
         {200: None}, faults=(403, 404, 503), media="application/pdf", remark="限管理员。"),
    Call("GET", "/matters", reference.matters, Who.ANYONE, "政务服务事项", {200: public.MatterList}),
    Call("GET", "/indicators", reference.indicators, Who.ANYONE, "评价二级指标", {200: public.IndicatorList}),
    Call("GET", "/public/replies", reference.replies, Who.ANYONE, "公开回复",
         {200: public.ReplyPage}, query=requests.RepliesQuery),
    Call("GET", "/public/scores", reference.scores, Who.ANYONE, "办理和评价公示",
         {200: public.Scores}, query=requests.ScoresQuery, faults=(404,),
         remark="不足最小件数的格子为 null，hidden 里说明原因；formulae 是每一列的算法。"),
    Call("GET", "/public/scores.csv", reference.scores_csv, Who.ANYONE, "公示（CSV）",
         {200: None}, query=requests.ScoresQuery, faults=(404,), media="text/csv"),
    Call("GET", "/public/scores.xlsx", reference.scores_xlsx, Who.ANYONE, "公示（Excel）",
         {200: None}, query=requests.ScoresQuery, faults=(404,), media=XLSX_TYPE),
    Call("GET", "/kpis", kpis.table, Who.STAFF, "考核指标",
         {200: kpis.KpiTable}, query=kpis.KpiQuery, faults=(403,),
         remark="督办和审计人员可用；只含看得到的单位。每个比率旁边都有分子和分母，definitions 是每个指标的算法。检举控告不计入任何指标。"),
    Call("GET", "/kpis.csv", kpis.csv, Who.STAFF, "考核指标（CSV）",
         {200: None}, query=kpis.KpiQuery, faults=(403,), media="text/csv"),
    Call("GET", "/kpis.xlsx", kpis.xlsx, Who.STAFF, "考核指标（Excel）",
         {200: None}, query=kpis.KpiQuery, faults=(403,), media=XLSX_TYPE),
    Call("GET", "/openapi.json", document, Who.ANYONE, "本接口的 OpenAPI 文档", {200: None}),
    Call("GET", "/docs", docs, Who.ANYONE, "本接口的说明页", {200: None}, media="text/html"),
)
# fmt: on

ROUTES = routes(CALLS)
