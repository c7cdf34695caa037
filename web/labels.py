"""Which Chinese words stand for each code? Every enum member, error code and field has its row here.

Templates, API, notices and exports take their words from these tables; a test holds them complete.
"""

from collections.abc import Mapping

KINDS: Mapping[str, str] = {
    "complaint": "投诉",
    "help": "求助",
    "consult": "咨询",
    "suggest": "建议",
    "report": "检举控告",
    "appeal": "申诉求决",
    "praise": "表扬",
    "rectify": "差评整改",
}
KIND_HINTS: Mapping[str, str] = {
    "complaint": "对管理、服务不满意，或权益受到影响，要求处理",
    "help": "遇到困难，需要政府部门帮忙解决",
    "consult": "想问清楚政策、手续、材料、地点、时间",
    "suggest": "对政府工作、城市建设有意见和建议",
    "report": "举报单位或工作人员违纪违法，全程保密",
    "appeal": "对处理结果不服，或要求依法解决的信访事项",
    "praise": "表扬单位或工作人员",
}
PROFILES: Mapping[str, str] = {"petition": "信访", "hotline": "12345热线", "rating": "好差评整改"}
STAGES: Mapping[str, str] = {"first": "初次办理", "review": "复查", "re_review": "复核"}
STATUSES: Mapping[str, str] = {
    "received": "已收到，待分派",
    "assigned": "已派件，待受理",
    "accepted": "正在办理",
    "held": "挂账办理",
    "replied": "已答复",
    "closed": "已办结",
    "declined": "不予受理",
    "withdrawn": "已撤回",
    "merged": "已并案",
}
CHANNELS: Mapping[str, str] = {
    "web": "网站",
    "app": "手机应用",
    "miniprogram": "小程序",
    "wechat": "微信公众号",
    "weibo": "微博",
    "hotline": "电话",
    "letter": "来信",
    "visit": "来访",
    "fax": "传真",
    "agent": "代办",
    "transfer": "上级转来",
    "import": "批量导入",
    "open311": "Open311",
}
ROLES: Mapping[str, str] = {
    "citizen": "群众",
    "reception": "受理窗口",
    "clerk": "经办人",
    "lead": "单位负责人",
    "supervisor": "督办人员",
    "auditor": "审计人员",
    "admin": "管理员",
    "system": "系统",
}
ACTS: Mapping[str, str] = {
    "submit": "提交",
    "classify": "分类",
    "assign": "派件",
    "accept": "受理",
    "decline": "不予受理",
    "return": "退回",
    "ask": "请补充情况",
    "supplement": "补充材料",
    "contact": "联系群众",
    "ask_extension": "申请延期",
    "extend": "批准延期",
    "refuse_extension": "不同意延期",
    "co_assign": "增加协办单位",
    "co_reply": "反馈协办意见",
    "reply": "答复",
    "publish": "公开答复",
    "withdraw": "撤回",
    "urge": "催办",
    "supervise": "督办",
    "answer_supervision": "答复督办",
    "rate": "评价",
    "review": "申请复查",
    "re_review": "申请复核",
    "reopen": "退回再办",
    "merge": "并案",
    "hold": "挂账",
    "resume": "恢复办理",
    "rectify": "反馈整改结果",
    "explain": "解释说明",
    "call_back": "回访",
    "note": "内部备注",
    "close": "办结",
}
DONE: Mapping[str, str] = {
    "submit": "您提交了诉求",
    "classify": "系统给出分类",
    "assign": "已派到承办单位",
    "accept": "承办单位已受理",
    "decline": "不予受理",
    "return": "承办单位退回，重新分派",
    "ask": "请您补充情况",
    "supplement": "补充了材料",
    "contact": "已联系群众",
    "ask_extension": "申请延期",
    "extend": "经批准延期",
    "refuse_extension": "不同意延期",
    "co_assign": "增加了协办单位",
    "co_reply": "协办单位已反馈",
    "reply": "承办单位已答复",
    "publish": "答复已公开",
    "withdraw": "已撤回",
    "urge": "催办",
    "supervise": "督办",
    "answer_supervision": "已答复督办",
    "rate": "已评价",
    "review": "申请复查",
    "re_review": "申请复核",
    "reopen": "退回再办",
    "merge": "已并案办理",
    "hold": "经批准挂账",
    "resume": "恢复办理",
    "rectify": "已整改",
    "explain": "已解释说明",
    "call_back": "已回访",
    "note": "内部备注",
    "close": "已办结",
}
NEEDS: Mapping[str, str] = {
    "title": "标题",
    "text": "内容",
    "reason": "理由",
    "where_instead": "应到哪里反映",
    "unit": "承办单位",
    "units": "协办单位",
    "task": "协办任务",
    "days": "天数",
    "category": "内容分类",
    "confidence": "把握程度",
    "release": "分类器版本",
    "rule": "派单规则",
    "level": "满意程度",
    "tags": "评价选项",
    "case": "并入的编号",
    "outcome": "结果",
    "target_day": "目标日期",
    "public": "同意公开",
    "abstained": "交人工判断",
    "attachments": "附件",
    "anonymous": "匿名评价",
    "question": "公开的问题",
    "answer": "公开的答复",
}
LIGHTS: Mapping[str, str] = {"green": "正常", "amber": "临期", "red": "超期", "none": "无时限"}
CLOCK_STATES: Mapping[str, str] = {"running": "计时中", "kept": "按期", "late": "超期", "stopped": "终止"}
LEVELS: Mapping[int, str] = {5: "非常满意", 4: "满意", 3: "基本满意", 2: "不满意", 1: "非常不满意"}
UNITS_OF_LENGTH: Mapping[str, str] = {"cd": "日", "wd": "个工作日", "h": "小时"}
URGENCIES: Mapping[int, str] = {0: "", 1: "特急", 2: "紧急"}
OUTCOMES: Mapping[str, str] = {
    "support": "予以支持",
    "explain": "解释说明",
    "reject": "不予支持",
    "satisfied": "群众认可",
    "unsatisfied": "群众不认可",
    "unreached": "联系不上",
}

ERRORS: Mapping[str, str] = {
    "invalid": "有 {count} 处需要改正",
    "not_json": "请求内容不是有效的 JSON",
    "not_found": "没有找到，请核对编号和查询码",
    "forbidden": "您没有办理这一步的权限",
    "conflict": "内容刚刚被别人更新，请刷新后再办理",
    "source_id_used": "这个来源编号已用于另一件诉求，请换一个来源编号",
    "not_now": "当前状态不能办理这一步",
    "right_lapsed": "申请期限已过",
    "no_consent": "本人没有同意公开，不能公开",
    "already_rated": "已经评价过了，追加评价只有一次",
    "unavailable": "暂时不能使用，请稍后再试",
    "unauthorized": "请先登录",
    "wrong_password": "账号或密码不对",
    "locked": "密码错误次数过多，账号已暂时锁定，请稍后再试",
    "too_many": "操作太频繁，请 {seconds} 秒后再试",
    "too_large": "内容太大",
    "unsupported_type": "不支持这种内容类型",
    "cross_site": "请求来源不明，请从本网站页面重新提交",
    "internal": "系统出错了，已经记录，请稍后再试",
    "settings": "配置有误",
    "method_not_allowed": "不支持这种请求方式",
}
FAULTS: Mapping[str, str] = {
    "missing": "请填写{field}",
    "unknown": "{field}不在可选范围内",
    "too_long": "{field}太长了，请缩短",
    "not_text": "{field}应为文字",
    "not_a_number": "{field}应为数字",
    "out_of_range": "{field}超出范围",
    "not_a_switch": "{field}应为是或否",
    "not_a_list": "{field}应为列表",
    "not_a_phone": "手机号码应为 11 位数字，以 1 开头",
    "not_an_id_number": "身份证号码应为 18 位，请核对",
    "too_many": "{field}太多了",
    "not_a_length": "时限应写成 15cd、5wd 或 24h",
    "not_a_day": "日期应写成 2026-11-21 的样子",
    "not_a_future_day": "日期应在今天之后",
    "longer_than_the_law_allows": "超过了允许延长的天数",
    "barred": "这个单位应当回避，不能派给它",
    "unknown_unit": "没有这个单位",
    "type_refused": "不支持这种文件，请上传照片、PDF、Word、Excel、录音或视频",
    "too_large": "文件太大",
    "empty": "文件是空的",
    "not_of_this_level": "所选评价选项与满意程度不符",
    "wrong_type": "{field}的类型不对",
    "unknown_field": "没有这一项",
    "unreadable": "{field}读不出来，请检查格式",
    "not_a_time": "{field}应写成 2026-11-21 09:30 的样子",
    "in_the_future": "{field}晚于现在",
    "before_the_message": "{field}早于来件时间",
    "used_for_another_text": "{field}已用于另一件内容不同的诉求",
}
FIELDS: Mapping[str, str] = {
    **NEEDS,
    "kind": "诉求类型",
    "channel": "渠道",
    "profile": "办理规程",
    "region": "所在地区",
    "address": "地点",
    "source_id": "来源编号",
    "headcount": "人数",
    "person": "联系人",
    "person.name": "姓名",
    "person.phone": "手机号码",
    "person.id_number": "身份证号码",
    "person.address": "住址",
    "file": "文件",
    "username": "账号",
    "password": "密码",
    "code": "查询码",
    "no": "编号",
    "phone_tail": "手机号码后四位",
    "matter": "办理事项",
    "lead": "主办单位",
    "co": "协办单位",
    "start": "开始日期",
    "length": "时限",
    "day": "日期",
    "name": "名称",
    "pf": "评价渠道",
    "handling_no": "办件编号",
    "period": "期次",
    "time": "时间",
    "reply_time": "答复时间",
    "map": "列对照表",
}


def fault_words(field: str, fault: str) -> str:
    """The sentence for a fault of a field: what to do, not what is wrong with the person."""
    name = FIELDS.get(field) or FIELDS.get(field.rsplit(".", 1)[-1], field)
    return FAULTS.get(fault, "{field}有误").format(field=name)


def error_words(code: str, **details: object) -> str:
    """The sentence for an error code."""
    words = ERRORS.get(code) or ERRORS["internal"]
    try:
        return words.format(**details)
    except (KeyError, IndexError):
        return words
