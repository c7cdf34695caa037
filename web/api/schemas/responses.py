"""Response types of API v1 for cases, the desk and errors.

The OpenAPI document is made from them; reference tables and published figures are in `web.api.schemas.public`.

Instants are ISO 8601 with the office's offset; a `_day` is a calendar day in the office's zone. Levels are 1-5 with 5
the best, shares 0-1.
"""

from typing import Annotated, Any

from msgspec import UNSET, Struct, UnsetType

from feedback.rules.clocks import ClockState, Light
from feedback.rules.vocabulary import Act, Channel, Kind, Profile, Role, Stage, Status
from web.api.schemas.requests import QueryCode, described

Instant = Annotated[str, described("ISO 8601 时刻，带时区", format="date-time")]
Day = Annotated[str, described("办公所在时区的日期", format="date")]
CategoryCode = Annotated[str, described("内容分类代码，2 位或 4 位", pattern=r"^\d{2}(\d{2})?$")]


class UnitName(Struct):
    """A unit: code and name (单位)."""

    code: str
    name: str


class ClockOut(Struct):
    """A limit that runs or ran (时限)."""

    term: str
    label: str
    starts_at: Instant
    due_raw_day: Day
    due_legal_day: Day
    due_at: Annotated[str, described("第一个算超期的时刻", format="date-time")]
    state: ClockState
    light: Light
    law: Annotated[str, described("依据的条文")]
    provisional: Annotated[bool, described("所在年份的放假安排还没有公布")]
    unit: Annotated[str | None, described("受这个时限约束的单位代码")] = None


class DateChange(Struct):
    """A limit that a new edition of the calendar moved (日期调整)."""

    term: str
    label: str
    before_day: Day
    after_day: Day
    at: Instant
    edition: Annotated[str, described("工作日历的版本")]
    why: str


# --- cases 诉求件


class PersonalCopy(Struct):
    """Everything held about a person (个人信息副本)."""

    persons: Annotated[list[dict[str, Any]], described("姓名、电话、证件、住址")]
    cases: Annotated[list[dict[str, Any]], described("每一件的文字、环节、时限、附件和文书")]


class ReceiptOut(Struct):
    """What the citizen takes home (回执)."""

    no: Annotated[str, described("编号")]
    code: QueryCode
    status: Status
    received_at: Instant
    clocks: list[ClockOut]
    warnings: Annotated[list[str] | UnsetType, described("没有用到的字段等，不影响受理")] = UNSET


class TimelineEntry(Struct):
    """Something that happened (办理记录)."""

    at: Instant
    act: Act
    act_text: str
    time_unknown: Annotated[bool | UnsetType, described("历史导入的记录没有写明时间：at 是来件时间，实际不早于它")] = (
        UNSET
    )
    unit: UnitName | UnsetType = UNSET
    text: str | UnsetType = UNSET
    level: int | UnsetType | None = UNSET
    days: int | UnsetType | None = UNSET
    where_instead: str | UnsetType | None = UNSET
    case: Annotated[str | UnsetType, described("并入的先件编号，并案和并案答复才有")] = UNSET
    scope: Annotated[str | UnsetType, described("本人拒绝哪一种处理：publication、contact、machine")] = UNSET
    ground: Annotated[str | UnsetType, described("决定个人信息请求的情形和条文")] = UNSET
    correction: Annotated[
        dict[str, str] | UnsetType, described("等待决定的更正内容，只给本人和看得到联系人的工作人员")
    ] = UNSET


class OptionOut(Struct):
    """One choice of a field."""

    code: str
    label: str


class FieldOut(Struct):
    """A field a step asks for: how to show it and how long it may be."""

    name: str
    label: str
    sort: Annotated[
        str,
        described("text 多行文字 · line 单行 · number 整数 · level 1–5 · unit 单位代码 · day 日期 · switch 是否 等"),
    ]
    optional: bool
    most: int
    options: list[OptionOut] | UnsetType = UNSET


class ActOffer(Struct):
    """A step the asker may take now (可以办理的动作)."""

    act: Act
    label: str
    needs: Annotated[list[str], described("必须带的字段")]
    may: Annotated[list[str], described("可以带的字段")]
    fields: list[FieldOut]


class OrganizationOut(Struct):
    """For which enterprise or office somebody speaks."""

    name: str
    uscc: str


class PersonOut(Struct):
    """The person as the asker may see them."""

    name: str
    phone: str
    masked: bool
    email: Annotated[str | UnsetType, described("没有留的、看不到姓名电话的人没有这一项")] = UNSET
    org: OrganizationOut | UnsetType = UNSET


class PartyOut(Struct):
    """Somebody beside the petitioner: a representative, or who handed it in for them (代表、代理人)."""

    role: Annotated[str, described("representative 代表 · proxy 代理人 · heir 承继人")]
    kind: Annotated[str, described("代理人的身份；代表为空")]
    name: str
    phone: str
    masked: bool


class FileOut(Struct):
    """An attachment of a case."""

    id: str
    name: str
    size: int
    type: str
    scan: Annotated[
        str,
        described(
            "病毒检查：空 没有检查 · waiting 等待检查 · clean 通过 · infected 查出病毒；waiting 和 infected 打不开"
        ),
    ]


class LetterOut(Struct):
    """An official letter (文书); its file is at letters/{id}.pdf and letters/{id}.docx below the case."""

    id: str
    code: str
    title: str
    number: Annotated[str, described("文号")]
    issued_at: Instant
    verify: Annotated[str, described("核验码；任何人都可以在 /letters/verify 核对")]


class TodoOut(Struct):
    """The one thing the citizen must or may do now (待办)."""

    act: Act
    label: str
    because: str
    until_day: Annotated[str | None, described("最后一天，含当天；没有期限的为空", format="date")]


class PromiseOut(Struct):
    """The one date by which the citizen is answered (答复的日子)."""

    day: Annotated[str, described("最后一天，含当天", format="date")]
    label: str
    explain_url: Annotated[str | None, described("逐日说明这个日子的网页，凭查询码打开后可看；按小时计的为空")]


class LocationOut(Struct):
    """Where it happened, in the coordinate system asked for (事发位置)."""

    lat: float
    long: float
    crs: Annotated[str, described("wgs84 · gcj02 · bd09")]
    accuracy_m: float | None
    text: str


class CaseOut(Struct):
    """A case as the asker may see it (诉求件)."""

    no: str
    kind: Kind
    profile: Profile
    stage: Stage
    title: str
    text: str
    status: Status
    status_text: str
    unit: UnitName | None
    co_units: list[UnitName]
    category: CategoryCode | None
    category_text: str
    region: str | None
    address: str
    location: LocationOut | None
    channel: Channel
    version: Annotated[int, described("随每次办理加一；带上它可以避免覆盖别人的更新")]
    person: PersonOut | None
    headcount: Annotated[int, described("共同反映的人数")]
    beside: Annotated[list[PartyOut], described("代表、代理人和承继人")]
    markers: Annotated[
        list[str],
        described(
            "标记：under_14 不满十四周岁 · under_18 未成年人 · over_level 越级 · long_standing 积案 · led 领导包案；对群众为空"
        ),
    ]
    recused: Annotated[list[str], described("回避这一件的工作人员账号；对群众为空")]
    received_at: Instant
    clocks: list[ClockOut]
    date_changes: list[DateChange]
    timeline: list[TimelineEntry]
    attachments: list[FileOut]
    letters: list[LetterOut]
    reply: str | None
    acts: list[ActOffer]
    todo: Annotated[
        TodoOut | UnsetType | None, described("本人现在要办或者可以办的一件事；没有的为空；工作人员看到的没有这一项")
    ] = UNSET
    promise: Annotated[
        PromiseOut | UnsetType | None, described("最晚哪一天答复；已经答复的和检举控告为空；工作人员看到的没有这一项")
    ] = UNSET


class Uploaded(Struct):
    """A file that was taken in, not yet belonging to a case (附件)."""

    id: str
    name: str
    size: int
    type: Annotated[str, described("按内容判断的类型")]
    sha256: str


class UploadOut(Struct):
    """A file that comes in parts (分段上传)."""

    id: Annotated[str, described("传完后就是附件的 id")]
    name: str
    length: Annotated[int, described("总字节数")]
    offset: Annotated[int, described("已经收到的字节数")]
    expires_at: Annotated[str, described("到这时没有传完就删除", format="date-time")]


# --- sessions 登录


class ActorOut(Struct):
    """Who is logged in."""

    username: str
    name: str
    unit: UnitName | None
    roles: list[Role]


class SessionOut(Struct):
    """A session of staff."""

    token: Annotated[str, described("放在 Authorization: Bearer 里")]
    expires_at: Annotated[Instant, described("最晚到这一刻；长时间没有请求也会失效（默认 30 分钟）")]
    actor: ActorOut


class WxSession(Struct):
    """A session of a mini-program."""

    token: str
    expires_at: Instant


# --- the desk 工作台


class DeskRow(Struct):
    """A line of a worklist."""

    no: str
    kind: Kind
    title: str
    status: Status
    status_text: str
    unit: UnitName | None
    category: CategoryCode | None
    region: str | None
    channel: Channel
    urgency: Annotated[int, described("0 一般 · 1 特急 · 2 紧急")]
    flags: Annotated[
        list[str],
        described(
            "值得先看：self_harm 流露轻生 · life 危及生命 · minor 涉未成年人 · group 群体性 · accuse 检举控告 · personal 含个人信息；带 ? 为疑似；accusation 指明公职人员索贿受贿等，只由人分派；concluded 同一人同一事项已经复核终结，只由人分派"
        ),
    ]
    markers: Annotated[list[str], described("标记，见案卷")]
    received_at: Instant
    due_at: Instant | None
    light: Light


class DeskPage(Struct):
    """One page of a worklist."""

    items: list[DeskRow]
    total: int
    page: int
    pages: int


class ReasonOut(Struct):
    """A word that spoke for (positive weight) or against the category."""

    text: str
    weight: float


class AlternativeOut(Struct):
    """Another category that was considered."""

    category: CategoryCode
    label: str
    confidence: float


class UrgencySignOut(Struct):
    """A sign of urgency in the words."""

    level: int
    why: str
    words: str


class EarlierCase(Struct):
    """An earlier case that speaks of the same, and who got it."""

    no: str
    title: str
    unit: UnitName
    status: str


class SuggestionOut(Struct):
    """What the classifier and the routing rows propose (分类与派单建议)."""

    category: CategoryCode | None
    label: str | None
    confidence: float
    abstained: Annotated[bool, described("把握不够，请人工判断")]
    unit: UnitName
    co_units: list[UnitName]
    unit_reason: Annotated[str, described("为什么是这个单位")]
    reasons: list[ReasonOut]
    alternatives: list[AlternativeOut]
    similar: Annotated[list[EarlierCase], described("此前相近、您也看得到的件，和它们派给了谁")]
    automatic: Annotated[bool, described("这样一件会不经人工派出")]
    automatic_reason: Annotated[str, described("为什么要人工确认，不需要时为空")]
    urgency: int
    signs: list[UrgencySignOut]
    release: str | None


# --- ratings 评价


class RatingOut(Struct):
    """A rating as it was kept."""

    id: str
    level: int
    status: Annotated[str, described("valid 有效 · under_review 复核中 · invalid 无效 · unverified 没有核实，不计入")]


# --- errors 错误


class ChallengeOut(Struct):
    """A question to answer before the same call is taken: send token and answer, with a blank between, in the header."""

    token: str
    question: str
    answer_header: str


class Error(Struct):
    """What went wrong: a stable code for programs, a sentence for people, and the sentence for each wrong field."""

    code: str
    message: str
    fields: dict[str, str] | UnsetType = UNSET
    reasons: Annotated[
        dict[str, list[str]] | UnsetType,
        described("只在 publish 时有：每一项要再看一遍的原因，personal_data 或 crisis"),
    ] = UNSET
    request_id: str | UnsetType = UNSET
    challenge: ChallengeOut | UnsetType = UNSET


class ErrorBody(Struct):
    """The shape of every error."""

    error: Error
