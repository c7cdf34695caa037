"""Request types of API v1: bodies and query strings. Responses are in `web.api.schemas.responses`.

The OpenAPI document is made from these types, and requests are read by them (`web.api.request_parsing`): both
always agree. Lengths are stated in the document but checked by the rules, after tidying.
"""

from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from evaluation.ratings.submission import TEXT_MOST as RATING_MOST
from feedback.rules import geography, intake
from feedback.rules.clocks import Light
from feedback.rules.vocabulary import Channel, Kind

PublicKind = Literal["complaint", "help", "consult", "suggest", "report", "appeal", "praise"]
StatusFilter = Literal[
    "open",
    "received",
    "assigned",
    "accepted",
    "held",
    "replied",
    "closed",
    "declined",
    "diverted",
    "withdrawn",
    "terminated",
    "merged",
]
MarkerFilter = Literal["under_14", "under_18", "over_level", "long_standing", "led"]
FlagFilter = Literal["self_harm", "life", "minor", "group", "accuse", "personal"]
Sort = Literal["due", "received", "-received"]


def described(words: str, **schema: Any) -> Meta:
    """What a field means, and what the document says of it beside its type."""
    return Meta(description=words, extra_json_schema=schema or None)


Title = Annotated[str, described("标题", minLength=1, maxLength=intake.TITLE_MOST)]
Text = Annotated[str, described("正文，任何文字都原样保存", minLength=1, maxLength=intake.TEXT_MOST)]
QueryCode = Annotated[str, described("查询码；空格和全角数字都可以")]
RegionCode = Annotated[
    str, described("6、9 或 12 位行政区划代码；不填时从文字里的地名判断", pattern=r"^(\d{6}|\d{9}|\d{12})?$")
]


DocumentKindCode = Annotated[
    str,
    described(
        "证件种类：111 居民身份证（含港澳台居民居住证）· 516 港澳居民来往内地通行证 · 511 台湾居民来往大陆通行证 · 414 护照 · "
        "553 外国人永久居留身份证 · 999 其他；不写即 111"
    ),
]
DocumentNumber = Annotated[str, described("证件号码；111 为 18 位，其他种类按证件上印的写")]


class DocumentIn(Struct):
    """An identity document (证件)."""

    kind: DocumentKindCode
    number: DocumentNumber


class OrganizationIn(Struct):
    """For which enterprise or office somebody speaks (单位)."""

    name: Annotated[str, described("单位名称", maxLength=intake.ORG_MOST)]
    uscc: Annotated[str, described("统一社会信用代码，18 位")] = ""


class PersonIn(Struct):
    """Who brings it (联系人)."""

    name: Annotated[str, described("姓名", maxLength=intake.NAME_MOST)] = ""
    phone: Annotated[str, described("手机或固定电话号码；境外号码带国家或地区代码，例如 +85291234567")] = ""
    id_kind: DocumentKindCode = ""
    id_number: DocumentNumber = ""
    document: Annotated[DocumentIn | None, described("证件；写了它就不再写 id_kind 和 id_number")] = None
    address: Annotated[str, described("住址", maxLength=intake.ADDRESS_MOST)] = ""
    email: Annotated[str, described("电子邮箱", maxLength=intake.EMAIL_MOST)] = ""
    org: Annotated[OrganizationIn | None, described("代表单位、企业反映时")] = None


class ProxyIn(Struct):
    """Who hands it in for the person (代理人), and by what right."""

    name: Annotated[str, described("姓名", maxLength=intake.NAME_MOST)]
    kind: Annotated[
        str,
        described(
            "guardian 监护人 · family 近亲属 · lawyer 律师 · volunteer 志愿者 · cadre 村（社区）干部 · window 窗口代办"
        ),
    ]
    authority: Annotated[str, described("written 书面委托 · recorded 口头委托已记录 · statutory 法定代理")]
    phone: Annotated[str, described("手机或固定电话号码；境外号码带国家或地区代码，例如 +85291234567")] = ""
    id_kind: DocumentKindCode = ""
    id_number: DocumentNumber = ""
    document: Annotated[DocumentIn | None, described("证件；写了它就不再写 id_kind 和 id_number")] = None
    address: Annotated[str, described("住址", maxLength=intake.ADDRESS_MOST)] = ""


class LocationIn(Struct):
    """Where it happened, as a point (事发位置)."""

    lat: Annotated[float, described("纬度，度", minimum=-90, maximum=90)]
    long: Annotated[float, described("经度，度", minimum=-180, maximum=180)]
    crs: Annotated[str, described("坐标系：wgs84 卫星定位 · gcj02 高德、腾讯、天地图等 · bd09 百度")] = "wgs84"
    accuracy_m: Annotated[float | None, described("精度，米", minimum=0)] = None
    text: Annotated[str, described("地点的文字说明", maxLength=geography.PLACE_MOST)] = ""


class NewCase(Struct):
    """A message to be handed in (提交诉求)."""

    kind: Annotated[PublicKind, described("诉求类型")]
    title: Title
    text: Text
    channel: Annotated[Channel, described("来源渠道")]
    region: RegionCode = ""
    address: Annotated[str, described("事情发生的地点", maxLength=intake.ADDRESS_MOST)] = ""
    location: LocationIn | None = None
    person: PersonIn | None = None
    exclude: Annotated[str, described("请求回避的人员，只有受理窗口看得到", maxLength=intake.EXCLUDE_MOST)] = ""
    anonymous: Annotated[bool, described("对承办单位和公众隐去姓名电话")] = False
    public_consent: Annotated[bool, described("同意在隐去个人信息后公开问答")] = False
    attachments: Annotated[list[str], described("先上传得到的附件 id")] = []
    source_id: Annotated[str, described("来源方的编号；同一渠道同一编号只登记一次", maxLength=intake.SOURCE_MOST)] = ""
    headcount: Annotated[int, described("共同反映的人数", minimum=1)] = 1
    representatives: Annotated[list[PersonIn], described("多人共同反映时推选的代表，最多 5 人", maxItems=5)] = []
    proxy: ProxyIn | None = None
    age_group: Annotated[
        str, described("联系人未成年的：under_14 不满十四周岁 · under_18 已满十四周岁不满十八周岁")
    ] = ""
    birth_day: Annotated[str, described("联系人的出生日期，只用来判断是否成年，不保存")] = ""


class CaseQuery(Struct):
    """What opens a case."""

    code: QueryCode = ""


class LookUpQuery(Struct):
    """What opens a case, and how its location is written."""

    code: QueryCode = ""
    crs: Annotated[str, described("location 用哪个坐标系：wgs84 · gcj02 · bd09")] = "wgs84"


class ActIn(Struct):
    """A step to be taken: who asks, plus the fields the step needs (see `acts` of the case)."""

    code: Annotated[str, described("群众用查询码，工作人员用令牌")] = ""
    version: Annotated[int | None, described("看到的版本；别人已经更新时返回 409")] = None
    pf: Annotated[str, described("评价渠道，只在 rate 时有用")] = "1"
    confirmed: Annotated[
        bool,
        described(
            "只在 publish 时有用：reasons 里列出的原因（像是个人信息、来信人可能有轻生念头）都已经看过，确认可以公开"
        ),
    ] = False


class LogIn(Struct):
    """A member of staff at the door (工作人员登录)."""

    username: str
    password: str
    otp: Annotated[str, described("第二因素验证码，没有启用时不填")] = ""


class WxLogIn(Struct):
    """The code of wx.login (小程序登录)."""

    code: str


class DeskQuery(Struct):
    """What a worklist is narrowed to; empty means all."""

    status: Annotated[StatusFilter | None, described("办理状态；open 为全部在办")] = None
    light: Annotated[Light | None, described("时限灯")] = None
    unit: Annotated[str, described("单位代码")] = ""
    kind: Annotated[Kind | None, described("诉求类型")] = None
    category: Annotated[str, described("分类代码，按开头匹配")] = ""
    region: Annotated[str, described("行政区划代码，含下级")] = ""
    q: Annotated[str, described("编号或文字")] = ""
    sort: Annotated[Sort, described("due 按剩余时间 · received 先收先列 · -received 新的在前")] = "due"
    page: Annotated[int, described("第几页，每页 50 件", minimum=1)] = 1
    flag: Annotated[FlagFilter | None, described("值得先看的情形，含疑似")] = None
    channel: Annotated[Channel | None, described("来源渠道")] = None
    marker: Annotated[MarkerFilter | None, described("标记")] = None
    mine: Annotated[bool, described("只看等本单位办理的")] = False
    deciding: Annotated[bool, described("只看等本人签发、批准的")] = False
    from_day: Annotated[str, described("从哪一天起（含），办公所在时区，例如 2026-11-01", format="date")] = field(
        default="", name="from"
    )
    until_day: Annotated[str, described("到哪一天止（含）", format="date")] = field(default="", name="until")
    day_of: Annotated[
        Literal["received", "replied"], described("from 和 until 按哪个日期：received 收到 · replied 答复")
    ] = "received"


class ToClassify(Struct):
    """A message to be read by the classifier."""

    title: Annotated[str, described("标题", maxLength=intake.TITLE_MOST)]
    text: Annotated[str, described("正文", maxLength=intake.TEXT_MOST)]
    kind: Annotated[PublicKind | None, described("诉求类型，影响派到哪个单位")] = None
    region: RegionCode = ""
    address: Annotated[str, described("地点", maxLength=intake.ADDRESS_MOST)] = ""


class NewRating(Struct):
    """A rating of a case (case_no + code), of a handling (handling_no + matter + code or phone), or by token."""

    level: Annotated[int, described("5 非常满意 · 4 满意 · 3 基本满意 · 2 不满意 · 1 非常不满意", minimum=1, maximum=5)]
    desk_level: Annotated[
        int | None, described("信访事项可以另给信访部门评价，1–5；与承办单位的 level 分开统计", minimum=1, maximum=5)
    ] = None
    case_no: Annotated[str, described("诉求编号，与 code 一起")] = ""
    code: Annotated[str, described("诉求的查询码；评价办件时是受理单上的评价码")] = ""
    token: Annotated[str, described("评价二维码或短信里的令牌")] = ""
    handling_no: Annotated[str, described("办件编号，与 matter 一起")] = ""
    matter: Annotated[str, described("办理事项代码")] = ""
    tags: Annotated[list[str], described("二级指标代码，须属于所选等级")] = []
    text: Annotated[str, described("文字评价", maxLength=RATING_MOST)] = ""
    pf: Annotated[
        str | int,
        described("评价渠道：1 电脑端 · 2 移动端 · 3 二维码 · 4 平板 · 5 自助终端 · 6 电话；7 短信只由系统登记"),
    ] = "1"
    anonymous: Annotated[bool, described("对被评价单位隐去是哪一件")] = False
    phone: Annotated[
        str,
        described(
            "评价一次办件时可以留下：核对办件里登记的手机号，以及差评的联系核实和回访；匿名评价的，被评价的单位看不到"
        ),
    ] = ""


class RepliesQuery(Struct):
    """What the published replies are searched by."""

    q: Annotated[str, described("要找的词")] = ""
    unit: Annotated[str, described("单位代码")] = ""
    category: Annotated[str, described("分类代码，按开头匹配")] = ""
    region: Annotated[str, described("行政区划代码，含下级")] = ""
    page: Annotated[int, described("第几页", minimum=1)] = 1


class ScoresQuery(Struct):
    """Which edition."""

    period: Annotated[str, described("月份，例如 2026-10；不填为最近一期", pattern=r"^(\d{4}-\d{2})?$")] = ""
    number: Annotated[int | None, described("这一期的第几版；不填为最新")] = None
