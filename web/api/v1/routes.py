"""The table of all calls of API v1; routes, OpenAPI document and readable page are made from it."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from feedback.kernel.spreadsheets import XLSX_TYPE
from web.actions.links import BULK_MOST
from web.api import openapi
from web.api.route_table import Call, routes
from web.api.schemas import public, requests, responses
from web.api.serializers import json_response
from web.api.v1 import (
    attachments,
    calendar,
    cases,
    classifier,
    desk,
    disputes,
    handlings,
    kpis,
    law,
    letters,
    links,
    me,
    notices,
    oversight,
    phone_sessions,
    ratings,
    reference,
    sessions,
    topics,
    uploads,
    wechat,
)
from web.auth.permissions import Requirement
from web.context import AppContext
from web.wording import catalogue

PREFIX = "/api/v1"
_DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"


async def document(request: Request) -> Response:
    """The OpenAPI document."""
    return json_response(openapi.document(CALLS, _server(request)))


async def docs(request: Request) -> Response:
    """The same for people to read."""
    context: AppContext = request.app.state.context
    schema = openapi.document(CALLS, _server(request))
    values = {
        "calls": [_readable(call, schema) for call in CALLS],
        "types": openapi.types_of(CALLS),
        "server": _server(request),
        "prefix": PREFIX,
    }
    return context.render(request, "api/docs.html", values)


def _server(request: Request) -> str:
    """Where the calls are: without PUBLIC_URL relative to the document, never by what the request calls its host."""
    context: AppContext = request.app.state.context
    return context.settings.public_url.rstrip("/") + PREFIX


def _readable(call: Call, schema: dict[str, Any]) -> dict[str, Any]:
    operation = schema["paths"][call.path][call.method.lower()]
    return {
        "anchor": operation["operationId"],
        "method": call.method,
        "path": call.path,
        "who": catalogue.REQUIREMENTS[call.requires],
        "title": call.title,
        "remark": openapi.remark_of(call),
        "query": openapi.rows_of(call.query) if call.query else [],
        "body": openapi.rows_of(call.body) if call.body else [],
        "takes_file": call.takes_file,
        "answers": [(status, cls.__name__ if cls else "", call.media) for status, cls in call.answers.items()],
        "faults": [(status, openapi.FAULT_WORDS[status]) for status in call.statuses],
    }


# fmt: off
CALLS: tuple[Call, ...] = (
    Call("POST", "/cases", cases.submit, Requirement.ANYONE, "提交诉求",
         {201: responses.ReceiptOut, 200: responses.ReceiptOut}, body=requests.NewCase, faults=(401, 403, 409),
         headers={"Idempotency-Key": "没有 source_id 时作为来源编号；同一渠道重复提交返回同一张回执"},
         remark="同一渠道、同一来源编号再次提交，返回 200 和同一张回执；来源编号已用于另一段文字时返回 409。工作人员带令牌提交，登记为代收。"
                "同一网络一分钟内的提交太多时返回 403 challenge_required 和一个问题：把令牌和答案放在 X-Challenge-Answer 里再提交一次。"),
    Call("GET", "/cases/{no}", cases.look_up, Requirement.HOLDER, "查看诉求",
         {200: responses.CaseOut}, query=requests.LookUpQuery, faults=(404,),
         remark="编号不存在和查询码不对的回答完全一样。acts 是现在可以办理的动作。"),
    Call("GET", "/cases/{no}/data", cases.copy, Requirement.ANYONE, "复制本人的全部信息",
         {200: responses.PersonalCopy}, query=requests.CaseQuery, faults=(404,),
         remark="凭查询码复制这一件里关于本人的全部信息（个人信息保护法第四十五条），不需要审批；证件号码只显示首尾。工作人员不能用。"),
    Call("POST", "/cases/{no}/acts/{act}", cases.act, Requirement.HOLDER, "办理一步",
         {200: responses.CaseOut}, body=requests.ActIn, faults=(403, 404, 409), takes_more=True,
         remark="动作和要带的字段就是诉求的 acts 里列出的；群众在 code 里带查询码，工作人员用令牌。"),
    Call("GET", "/cases/{no}/attachments/{id}", attachments.download, Requirement.HOLDER, "下载附件",
         {200: None}, query=requests.CaseQuery, faults=(404, 409, 503), media="application/octet-stream",
         remark="可以用 Range 分段下载（206）。等待病毒检查和查出病毒的附件回答 409：scan_waiting、scan_infected。"),
    Call("GET", "/cases/{no}/letters/{id}.{form}", cases.letter, Requirement.HOLDER, "下载文书",
         {200: None}, query=requests.CaseQuery, faults=(404, 503), media="application/octet-stream",
         remark="form 为 pdf 或 docx；id 是诉求的 letters 里列出的。单位之间的转送单、督办函等只有工作人员能下载。"),
    Call("POST", "/attachments", attachments.upload, Requirement.ANYONE, "上传附件",
         {201: responses.Uploaded}, takes_file=True,
         remark="先上传，再在 attachments 里带上得到的 id。照片里的位置等信息会被去掉。"
         "带宏、脚本、程序或打开密码的文档回答 422，fields 里说明原因；查出病毒的 code 为 infected。"),
    Call("OPTIONS", "/uploads", uploads.options, Requirement.ANYONE, "分段上传：服务器支持什么", {204: None},
         remark="tus 1.0.0 协议：Tus-Version、Tus-Extension、Tus-Max-Size。"),
    Call("POST", "/uploads", uploads.create, Requirement.ANYONE, "分段上传：开始", {201: None}, faults=(412, 413, 422),
         headers={"Tus-Resumable": "1.0.0", "Upload-Length": "文件的字节数",
                  "Upload-Metadata": "filename 和 base64 的文件名"},
         remark="tus 的 creation 扩展。用于较大的录音、视频和不稳定的网络；Location 是上传的地址，最后一段是 id，"
                "传完后在 attachments 里带上它。其他种类的文件大小与“上传附件”相同。"),
    Call("GET", "/uploads/{id}", uploads.look_up, Requirement.ANYONE, "分段上传：传到哪里了",
         {200: responses.UploadOut}, faults=(404, 422),
         remark="tus 用 HEAD，看 Upload-Offset。没有传完的在 Upload-Expires 之后删除。"),
    Call("PATCH", "/uploads/{id}", uploads.append, Requirement.ANYONE, "分段上传：接着传", {204: None},
         faults=(404, 409, 412, 413, 415, 422),
         headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "从哪个字节接着传"},
         remark="内容类型为 application/offset+octet-stream。中断时收到的部分会保留。最后一段收到后按附件检查，不能收的回答 422。"),
    Call("DELETE", "/uploads/{id}", uploads.delete, Requirement.ANYONE, "分段上传：放弃", {204: None}, faults=(404,),
         remark="tus 的 termination 扩展。已经传完的不受影响。"),
    Call("POST", "/ratings", ratings.rate, Requirement.ANYONE, "评价",
         {201: responses.RatingOut, 202: responses.RatingOut}, body=requests.NewRating, faults=(401, 403, 404, 409),
         headers={"Idempotency-Key": "同一个值再次提交，是同一次评价"},
         remark="评价一件诉求带 case_no 和 code；扫码评价带 token；评价一次办件带 handling_no、matter，以及受理单上的评价码 code "
                "或者办件里登记的手机号 phone。没有这些证明的回答 202、unverified：只留存，不计入任何数字，不立案。一次评价，可以追评一次。"),
    Call("POST", "/handlings", handlings.register, Requirement.WORKER, "登记办件",
         {201: handlings.HandlingOut, 200: handlings.HandlingOut}, body=handlings.NewHandling, faults=(403,),
         remark="由办理单位登记；同一编号、同一事项再次登记，返回 200 和同一个评价地址。"),
    Call("POST", "/sessions", sessions.log_in, Requirement.ANYONE, "工作人员登录",
         {201: responses.SessionOut}, body=requests.LogIn, faults=(401,)),
    Call("DELETE", "/sessions", sessions.log_out, Requirement.STAFF, "退出登录", {204: None}),
    Call("POST", "/sessions/wx", wechat.log_in, Requirement.ANYONE, "小程序登录",
         {201: responses.WxSession}, body=requests.WxLogIn, faults=(401, 503)),
    Call("POST", "/sessions/phone", phone_sessions.send_code, Requirement.ANYONE, "获取短信验证码",
         {202: phone_sessions.PhoneCodeOut}, body=phone_sessions.PhoneIn,
         remark="对每个号码的回答都一样。一个号码 60 秒内只发一条。"),
    Call("POST", "/sessions/phone/verify", phone_sessions.verify, Requirement.ANYONE, "手机验证码登录",
         {201: phone_sessions.CitizenSessionOut}, body=phone_sessions.PhoneProofIn, faults=(401,),
         remark="一个验证码 5 分钟内有效，最多试 5 次，用一次就作废。"),
    Call("GET", "/me/cases", me.list_cases, Requirement.CITIZEN, "我的事",
         {200: me.OwnCasePage}, query=me.OwnCasesQuery,
         remark="这个号码作为本人、代表、监护人、近亲属或者律师留下的诉求；号码可能换过主人，更早的先用 POST /me/older-cases 找回。"),
    Call("POST", "/me/older-cases", me.open_older, Requirement.CITIZEN, "找回以前的事",
         {200: me.OlderCasesOut}, body=me.OlderCasesIn, remark="一天最多试 5 次。"),
    Call("GET", "/me/cases/{no}", me.look_up, Requirement.CITIZEN, "查看我的一件事",
         {200: responses.CaseOut}, faults=(404,), remark="附件和文书用同一个令牌从 /cases/{no} 下载。"),
    Call("POST", "/me/cases/{no}/acts/{act}", me.act, Requirement.CITIZEN, "办理一步",
         {200: responses.CaseOut}, body=requests.ActIn, faults=(403, 404, 409), takes_more=True,
         remark="动作和要带的字段就是诉求的 acts 里列出的。"),
    Call("POST", "/me/cases/{no}/code", me.reissue_code, Requirement.CITIZEN, "换一个查询码",
         {201: me.NewCodeOut}, body=me.ReissueIn, faults=(404, 409),
         remark="新的查询码只显示这一次，旧的立即作废。一件一天最多换 3 次。"),
    Call("GET", "/me/messages", me.messages, Requirement.CITIZEN, "给我的消息",
         {200: me.MessagePage}, query=me.OwnCasesQuery),
    Call("GET", "/me/data", me.data, Requirement.CITIZEN, "我的个人信息副本",
         {200: None}, media="application/json", remark="本人信息和每件诉求里本人看得到的内容（个人信息保护法 第四十五条）。"),
    Call("PATCH", "/me", me.correct, Requirement.CITIZEN, "要求更正",
         {202: me.RequestedOut}, body=me.CorrectionIn, faults=(409,),
         remark="在本人反映的每一件里提出，由受理窗口核实后更正（第四十六条）。"),
    Call("DELETE", "/me", me.erase, Requirement.CITIZEN, "要求删除",
         {202: me.RequestedOut}, body=me.ErasureIn, faults=(409,),
         remark="在办完的每一件里提出删除，并删掉登录记录（第四十七条）；正在办理的不能删除，都不能删时返回 409 和理由。"),
    Call("GET", "/me/devices", me.devices, Requirement.CITIZEN, "登录的设备", {200: me.DeviceList}),
    Call("DELETE", "/me/devices", me.end_devices, Requirement.CITIZEN, "全部退出", {204: None}),
    Call("DELETE", "/me/devices/{id}", me.end_device, Requirement.CITIZEN, "退出一个设备", {204: None}, faults=(404,),
         remark="id 写 here 是退出当前登录。"),
    Call("GET", "/desk/cases", desk.worklist, Requirement.STAFF, "工作台列表",
         {200: responses.DeskPage}, query=requests.DeskQuery),
    Call("GET", "/desk/links", links.proposed, Requirement.RECEPTION, "待判断的重件和同类件",
         {200: links.LinkList}, query=links.LinkQuery),
    Call("POST", "/desk/links/{id}", links.decide, Requirement.RECEPTION, "判断一个关联",
         {200: links.LinkOut}, body=links.LinkDecisionIn, faults=(404, 409),
         remark="须是这一件的受理窗口。merge、answer 会办理后来的一件。"),
    Call("GET", "/cases/{no}/links", links.of_case, Requirement.STAFF, "一件的关联件",
         {200: links.LinkList}, faults=(404,), remark="只列两件都看得到的。"),
    Call("POST", "/cases/{no}/links", links.add, Requirement.RECEPTION, "关联到先前的一件",
         {201: links.LinkList}, body=links.LinkIn, faults=(404,),
         remark="须是这一件的受理窗口。"),
    Call("GET", "/desk/campaigns/{no}", links.campaign, Requirement.STAFF, "多人反映的同一事项",
         {200: links.CampaignOut}, faults=(404,)),
    Call("POST", "/desk/campaigns/{no}/replies", links.answer, Requirement.STAFF, "一并答复",
         {200: links.CampaignReplies}, body=links.CampaignIn, faults=(404,),
         remark=f"一次最多 {BULK_MOST} 件，每一件各自记录、各自停止时限。"),
    Call("GET", "/desk/ratings", disputes.bad, Requirement.CASE_STAFF, "差评和整改",
         {200: disputes.BadRatingPage}, query=disputes.BadRatingQuery),
    Call("POST", "/desk/ratings/{id}/dispute", disputes.dispute, Requirement.CASE_STAFF, "申诉误评",
         {200: disputes.StatusOut}, body=disputes.ReasonIn, faults=(404, 409), remark="由被评价单位提出，一个评价申诉一次。"),
    Call("POST", "/desk/ratings/{id}/judgement", disputes.judge, Requirement.CASE_STAFF, "复核申诉",
         {200: disputes.StatusOut}, body=disputes.JudgementIn, faults=(404, 409), remark="由被评价单位以外的督办人员复核。"),
    Call("GET", "/desk/exclusions", disputes.excluded, Requirement.CASE_STAFF, "剔除申请", {200: disputes.ExclusionList}),
    Call("POST", "/desk/exclusions", disputes.exclude, Requirement.CASE_STAFF, "申请剔除",
         {201: disputes.StatusOut}, body=disputes.ExclusionIn, faults=(404, 409), remark="由主办单位提出，一件申请一次。"),
    Call("POST", "/desk/exclusions/{no}", disputes.decide, Requirement.CASE_STAFF, "批准或者不同意剔除",
         {200: disputes.StatusOut}, body=disputes.ExclusionDecisionIn, faults=(404, 409), remark="由主办单位以外的督办人员决定。"),
    Call("GET", "/calendar", calendar.known, Requirement.ADMINISTRATOR, "工作日历",
         {200: calendar.CalendarOut}, query=calendar.CalendarQuery),
    Call("POST", "/calendar/drafts", calendar.hand_in, Requirement.ADMINISTRATOR, "提交日历改动，先看影响",
         {201: calendar.DraftOut}, body=calendar.CalendarIn, remark="还不改动任何期限。"),
    Call("GET", "/calendar/drafts/{number}", calendar.draft, Requirement.ADMINISTRATOR, "一个日历改动和它的影响",
         {200: calendar.DraftOut}, faults=(404,), remark="检举控告不在影响里列出。"),
    Call("POST", "/calendar/drafts/{number}/apply", calendar.carry_out, Requirement.ADMINISTRATOR, "启用看过的改动",
         {200: calendar.Applied}, faults=(404, 409),
         remark="再次启用返回同一版本；看过之后日历又变了的返回 409，先 again 再看。"),
    Call("POST", "/calendar/drafts/{number}/again", calendar.again, Requirement.ADMINISTRATOR, "对着现在的日历重新预览",
         {201: calendar.DraftOut}, faults=(404,)),
    Call("GET", "/calendar/editions/{name}", calendar.edition, Requirement.ADMINISTRATOR, "一个日历版本和它移动的期限",
         {200: calendar.EditionOut}, faults=(404,)),
    Call("POST", "/calendar/editions/{name}/restore", calendar.restore, Requirement.ADMINISTRATOR, "预览恢复到这个版本",
         {201: calendar.DraftOut}, faults=(404,), remark="恢复也是一个新版本，启用前先看影响。"),
    Call("POST", "/classify", desk.classify, Requirement.STAFF, "分类和派单建议",
         {200: responses.SuggestionOut}, body=requests.ToClassify, remark="只是建议，不改动任何诉求。"),
    Call("GET", "/releases", classifier.listed, Requirement.ADMINISTRATOR, "分类器版本",
         {200: classifier.ReleaseList}, remark="每个版本带它比试的成绩。"),
    Call("POST", "/releases", classifier.train, Requirement.ADMINISTRATOR, "训练候选版本",
         {202: classifier.TrainingRequested}, remark="在后台训练并与现行版本比试，不比它差才启用。"),
    Call("POST", "/releases/back", classifier.roll_back, Requirement.ADMINISTRATOR, "退回上一版本",
         {200: classifier.ReleaseOut}, faults=(409,)),
    Call("POST", "/releases/{id}/promote", classifier.promote, Requirement.ADMINISTRATOR, "启用一个版本",
         {200: classifier.ReleaseOut}, faults=(404,)),
    Call("GET", "/topics", topics.hot, Requirement.OVERSEER, "热点", {200: topics.TopicList},
         remark="只统计看得到的诉求，按不同的人数排序。"),
    Call("GET", "/answer-findings", topics.quality, Requirement.OVERSEER, "答复检查结果", {200: topics.FindingList},
         remark="近 90 天发出的答复，每一项检查的比例。"),
    Call("GET", "/notices", notices.notices, Requirement.STAFF, "本单位的通知", {200: notices.NoticeList}),
    Call("POST", "/notices/read", notices.mark, Requirement.STAFF, "通知标为已读",
         {200: notices.Marked}, body=notices.MarkIn, remark="不带 ids 就是全部。"),
    Call("GET", "/oversight/late", oversight.late, Requirement.OVERSEER, "超期与告知",
         {200: oversight.LateList}, remark="每个超期的时限告知了谁、什么时候。"),
    Call("GET", "/oversight/proposals", oversight.proposals, Requirement.OVERSEER, "建议督办",
         {200: oversight.ProposalList}),
    Call("POST", "/oversight/proposals/{id}", oversight.decide, Requirement.SUPERVISOR, "发出或者不发督办",
         {200: oversight.Decided}, body=oversight.DecisionIn, faults=(404, 409)),
    Call("GET", "/oversight/orders", oversight.orders, Requirement.OVERSEER, "督办件", {200: oversight.OrderList}),
    Call("GET", "/oversight/ladder", oversight.rungs, Requirement.STAFF, "逐级告知", {200: oversight.Ladder},
         remark="时限走到哪一步告知谁、怎么说，每一行带依据。"),
    Call("GET", "/oversight/forecast", oversight.forecast, Requirement.CASE_STAFF, "可能超期",
         {200: oversight.ForecastList}, remark="承办单位只看到本单位的时限。"),
    Call("GET", "/oversight/measures", oversight.list_measures, Requirement.CASE_STAFF, "措施与建议",
         {200: oversight.MeasureList}, query=oversight.MeasureQuery),
    Call("POST", "/oversight/measures", oversight.issue, Requirement.SUPERVISOR, "发出措施或者建议",
         {201: oversight.MeasureOut}, body=oversight.MeasureIn),
    Call("GET", "/oversight/measures/{id}", oversight.one_measure, Requirement.CASE_STAFF, "一项措施或者建议",
         {200: oversight.MeasureOut}, faults=(404,)),
    Call("POST", "/oversight/measures/{id}/acts/{act}", oversight.deed, Requirement.CASE_STAFF, "办理一项措施或者建议",
         {200: oversight.MeasureOut}, body=oversight.MeasureStepIn, faults=(404, 409),
         remark="answer 反馈（单位负责人）、send_back 退回补充、close 归档、withdraw 撤回。"),
    Call("GET", "/units", reference.units, Requirement.ANYONE, "单位和职责", {200: public.UnitList}),
    Call("GET", "/categories", reference.category_tree, Requirement.ANYONE, "内容分类", {200: public.CategoryList}),
    Call("GET", "/law", law.law, Requirement.ANYONE, "办理依据：时限、环节、情形和文书", {200: law.Law},
         remark="与表单、计时和网页“办理依据”用的是同一张表，每一行写明条文。"),
    Call("GET", "/letters/verify", letters.verify, Requirement.ANYONE, "核验文书",
         {200: letters.Verified}, query=letters.VerifyQuery,
         remark="凭文书上的核验码。码不对和没有这份文书的回答完全一样，都是 genuine 为 false；与网页“核验文书”是同一个函数。"),
    Call("GET", "/letters", letters.listed, Requirement.ADMINISTRATOR, "文书和模板",
         {200: letters.TemplateList}),
    Call("GET", "/letters/{code}", letters.show_template, Requirement.ADMINISTRATOR, "一种文书和它的占位符",
         {200: letters.TemplateOut}, faults=(404,)),
    Call("POST", "/letters/{code}", letters.take_in, Requirement.ADMINISTRATOR, "启用本地模板",
         {200: letters.TemplateOut}, faults=(404,), takes_file=True,
         remark="检查与网页相同：Word 文件、占位符、必须写明的内容；有问题的不启用，message 逐条说明。已经签发的文书不变。"),
    Call("POST", "/letters/{code}/restore", letters.restore, Requirement.ADMINISTRATOR, "恢复平台模板",
         {200: letters.TemplateOut}, faults=(404,)),
    Call("GET", "/letters/{code}/template.docx", letters.template, Requirement.ADMINISTRATOR, "下载模板",
         {200: None}, query=letters.TemplateQuery, faults=(404,), media=_DOCX),
    Call("GET", "/letters/{code}/sample.pdf", letters.sample, Requirement.ADMINISTRATOR, "样张",
         {200: None}, faults=(404, 503), media="application/pdf"),
    Call("GET", "/matters", reference.matters, Requirement.ANYONE, "政务服务事项", {200: public.MatterList}),
    Call("GET", "/indicators", reference.indicators, Requirement.ANYONE, "评价二级指标", {200: public.IndicatorList}),
    Call("GET", "/public/replies", reference.replies, Requirement.ANYONE, "公开回复",
         {200: public.ReplyPage}, query=requests.RepliesQuery),
    Call("GET", "/public/scores", reference.scores, Requirement.ANYONE, "办理和评价公示",
         {200: public.Scores}, query=requests.ScoresQuery, faults=(404,),
         remark="不足最小件数的格子为 null，hidden 里说明原因；formulae 是每一列的算法。"),
    Call("GET", "/public/scores.csv", reference.scores_csv, Requirement.ANYONE, "公示（CSV）",
         {200: None}, query=requests.ScoresQuery, faults=(404,), media="text/csv"),
    Call("GET", "/public/scores.xlsx", reference.scores_xlsx, Requirement.ANYONE, "公示（Excel）",
         {200: None}, query=requests.ScoresQuery, faults=(404,), media=XLSX_TYPE),
    Call("GET", "/kpis", kpis.table, Requirement.OVERSEER, "考核指标",
         {200: kpis.KpiTable}, query=kpis.KpiQuery,
         remark="只含看得到的单位。每个比率旁边都有分子和分母，definitions 是每个指标的算法。检举控告不计入任何指标。"),
    Call("GET", "/kpis.csv", kpis.csv, Requirement.OVERSEER, "考核指标（CSV）",
         {200: None}, query=kpis.KpiQuery, media="text/csv"),
    Call("GET", "/kpis.xlsx", kpis.xlsx, Requirement.OVERSEER, "考核指标（Excel）",
         {200: None}, query=kpis.KpiQuery, media=XLSX_TYPE),
    Call("GET", "/openapi.json", document, Requirement.ANYONE, "本接口的 OpenAPI 文档", {200: None}),
    Call("GET", "/docs", docs, Requirement.ANYONE, "本接口的说明页", {200: None}, media="text/html"),
)
# fmt: on

ROUTES = routes(CALLS)
