"""The table NOTICES: which event notifies which staff, in which words and how urgently. And the port that sends.

An event is an act (`case.assign`) or a deadline that moved; who is notified when a clock runs
out is said in `routing.notices.escalation`.
No I/O.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol

from feedback.kernel.errors import Unavailable
from feedback.rules import redaction
from feedback.rules.vocabulary import Act
from routing.notices.delivery_hours import Priority

TITLE_MOST = 24
REPORT_TITLE = "检举控告件"
"""What a notice to staff says instead of a report's title: it is read on telephones and over shoulders."""


class Audience(StrEnum):
    """To whom a notice goes."""

    UNIT = "unit"  # the clerks of the unit that holds the case or the clock
    HEAD = "head"  # the head of that unit
    DESK = "desk"
    OVERSEER = "overseer"  # supervisors over that unit; of a report the cleared ones only
    SUPERIOR = "superior"  # the unit one level above
    JOINT = "joint"  # the office of the joint conference (联席会议办公室)
    LIKELY = "likely"  # the units an urgent case will probably go to, while nobody has sent it yet
    ON_DUTY = "on_duty"  # whoever the roster names now
    CITIZEN = "citizen"


class DeliveryChannel(StrEnum):
    """By what a notice reaches somebody."""

    INBOX = "inbox"  # the unit's inbox on this platform, where it stands at once
    DIGEST = "digest"  # the unit's next morning digest
    EMAIL = "email"
    SMS = "sms"
    WECHAT = "wechat"
    PHONE = "phone"  # somebody rang up and said it


class Delivery(StrEnum):
    """What became of a notice."""

    QUEUED = "queued"  # it waits for the hours of whoever gets it, for the digest, or to be tried again
    SENT = "sent"  # it left by its channel; only then it has a `sent_at`
    NO_CHANNEL = "no_channel"  # there is no way to whom it is meant for: nobody was told
    FAILED = "failed"  # refused for good, see its `error`
    OPTED_OUT = "opted_out"  # its citizen wants no such notices, and nothing demands this one


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """One row: on this event, tell this audience these words."""

    event: str
    audience: Audience
    words: str  # with {no} {title} {unit}
    push: Priority = Priority.WORKING
    only_urgent: bool = False
    only_headless: bool = False  # only where the unit has nobody who may sign


@dataclass(frozen=True, slots=True)
class OutgoingNotice:
    """A notice on its way out."""

    key: str
    case_no: str
    audience: Audience
    unit: str
    words: str
    to: tuple[str, ...] = ()  # e-mail addresses of staff; none for a citizen


Send = Callable[[OutgoingNotice], Awaitable[DeliveryChannel | None]]
"""Sends one notice to staff and returns the channel by which it left, None when there is no way to whom it is meant for.

Raises Unavailable to be tried again; ValueError and LookupError are kept as the notice's error.
"""


@dataclass(frozen=True, slots=True)
class OutgoingMessage:
    """A message to a citizen on its way out by one channel. `reference` is the same whenever it is tried again."""

    reference: str
    case_no: str
    template: str
    values: Mapping[str, str]
    text: str
    at: datetime


class Unconfirmed(Unavailable):
    """The provider may have taken it or not, and cannot be asked again without sending twice."""


class CitizenChannels(Protocol):
    """How this installation reaches citizens: which channels there are for one of them, and sending by one."""

    async def list_channels(self, case_no: str, preferred: str) -> tuple[DeliveryChannel, ...]:
        """The channels that reach the citizen of a case, in the order in which they are tried."""
        ...

    def may_repeat(self, channel: DeliveryChannel) -> bool:
        """Whether that channel sends a message once, however often it gets it with the same reference."""
        ...

    async def send(self, channel: DeliveryChannel, message: OutgoingMessage) -> None:
        """Send by that channel.

        Raises Unavailable when nothing was sent and it may be tried again, Unconfirmed when nobody knows; ValueError and
        LookupError are refusals, which are not tried again.
        """
        ...

    async def note_unreached(self, message: OutgoingMessage) -> None:
        """No channel reaches the citizen: written down for whoever develops, in development."""
        ...


_U, _H, _D = Audience.UNIT, Audience.HEAD, Audience.DESK

_PERSON_REQUESTS = (Act.ASK_CORRECTION, Act.ASK_ERASURE, Act.ASK_RESTRICTION)
# fmt: off
NOTICES: tuple[NoticeRow, ...] = (
    NoticeRow("case.submit",     _D, "紧急事项：{no}“{title}”刚刚收到，请值班人员马上核对、派单。", Priority.AT_ONCE, only_urgent=True),
    NoticeRow("case.submit",     Audience.ON_DUTY, "紧急事项：{no}“{title}”刚刚收到，您正在值班，请马上处置并告知受理窗口。", Priority.AT_ONCE, only_urgent=True),
    NoticeRow("case.classify",   Audience.LIKELY, "紧急事项：{no}“{title}”可能由贵单位负责，受理窗口正在核对派单，请先做好处置准备。", Priority.AT_ONCE, only_urgent=True),
    NoticeRow("case.assign",     _U, "新件：{no}“{title}”已派到贵单位，请按时签收。"),
    NoticeRow("case.return",     _D, "{no}“{title}”被退回，请重新分派。"),
    NoticeRow("case.object",     _D, "{no}“{title}”承办单位提出异议，请在期限内核实。"),
    NoticeRow("case.refuse_objection", _U, "{no}“{title}”的异议经核实不同意退回，请依法办理。"),
    NoticeRow("case.transfer",   _D, "{no}“{title}”已移交本窗口，请登记并转送、交办。"),
    NoticeRow("case.report_back", _D, "{no}“{title}”已提交办结报告。"),
    NoticeRow("case.report_up",  Audience.OVERSEER, "{no}“{title}”报告为重大紧急事项。"),
    NoticeRow("case.held",       _U, "提醒：{no}“{title}”正在挂账，请继续推进。", Priority.DIGEST),
    NoticeRow("case.ask_decline", _H, "{no}“{title}”经办人提出不予受理，请审批。"),
    NoticeRow("case.ask_decline", _D, "{no}“{title}”承办单位提出不予受理，请审查。"),
    NoticeRow("case.refuse_decline", _U, "{no}“{title}”的不予受理没有批准，请依法受理。"),
    NoticeRow("case.ask_divert", _H, "{no}“{title}”经办人提出导入法定程序，请审批。"),
    NoticeRow("case.refuse_divert", _U, "{no}“{title}”没有批准导入法定程序，请继续办理。"),
    NoticeRow("case.draft_reply", _H, "{no}“{title}”的答复已经写好，请签发。"),
    NoticeRow("case.send_back_draft", _U, "{no}“{title}”的答复草稿被退回修改，意见见案卷。"),
    NoticeRow("case.contest",    _D, "{no}“{title}”来件人对不予受理有异议，请重新审查。"),
    NoticeRow("case.overturn",   _D, "{no}“{title}”的不予受理被责令改正，请重新分派。"),
    NoticeRow("case.change_kind", _U, "{no}“{title}”经受理窗口更正诉求类型，已经收回重新分派，贵单位不再办理；重新派到的另行通知。"),
    NoticeRow("case.draft_reply", Audience.OVERSEER, "{unit}没有在岗的负责人：{no}“{title}”的答复没有人签发，请督促明确负责人。", only_headless=True),
    NoticeRow("case.ask_decline", Audience.OVERSEER, "{unit}没有在岗的负责人：{no}“{title}”等待审批，请督促明确负责人。", only_headless=True),
    NoticeRow("case.ask_divert", Audience.OVERSEER, "{unit}没有在岗的负责人：{no}“{title}”等待审批，请督促明确负责人。", only_headless=True),
    NoticeRow("case.ask_extension", Audience.OVERSEER, "{unit}没有在岗的负责人：{no}“{title}”的延期申请等待审批，请督促明确负责人。", only_headless=True),
    NoticeRow("case.supplement", _U, "{no}“{title}”有群众补充材料。"),
    NoticeRow("case.ask_extension", _H, "{no}“{title}”申请延期，请审批。"),
    NoticeRow("case.endorse_extension", _D, "{no}“{title}”单位负责人同意延期，请中心在期限内审批。"),
    NoticeRow("case.refuse_extension", _U, "{no}“{title}”的延期没有批准，请在原期限内办结。"),
    NoticeRow("case.ask_hold",   _D, "{no}“{title}”申请挂账，请中心在期限内审批。"),
    NoticeRow("case.refuse_hold", _U, "{no}“{title}”的挂账没有批准，请在原期限内办结。"),
    NoticeRow("case.co_assign",  _U, "{no}“{title}”增加了协办任务。"),
    NoticeRow("case.unmerge",    _D, "{no}“{title}”不再并案，请重新分派。"),
    NoticeRow("case.urge",       _U, "催办：{no}“{title}”请抓紧办理。"),
    NoticeRow("case.supervise",  _U, "督办：{no}“{title}”请按督办要求办理并书面答复。"),
    NoticeRow("case.supervise",  _H, "督办：{no}“{title}”请按督办要求办理并书面答复。"),
    NoticeRow("case.rate",       _U, "{no}“{title}”收到群众评价。", Priority.DIGEST),
    NoticeRow("case.review",     _D, "{no}“{title}”申请复查，请交复查机关。"),
    NoticeRow("case.re_review",  _D, "{no}“{title}”申请复核，请交复核机关。"),
    NoticeRow("case.redo",       _U, "{no}“{title}”被上级责令重新办理，请在期限内重新作出处理意见。"),
    NoticeRow("case.redo",       _H, "{no}“{title}”被上级责令重新办理，请在期限内重新作出处理意见。"),
    NoticeRow("case.succeed",    _U, "{no}“{title}”因单位合并、撤销转来，期限不变，请继续办理。"),
    *(NoticeRow(f"case.{act}", _D, "{no}“{title}”本人对个人信息提出请求，请在期限内核实、决定。") for act in _PERSON_REQUESTS),
    NoticeRow("clock.moved",     _U, "因放假调休安排有变，{no}“{title}”{due}。", Priority.DIGEST),
)
# fmt: on


def list_notice_rows(event: str) -> tuple[NoticeRow, ...]:
    """Every notice that an event causes."""
    return tuple(row for row in NOTICES if row.event == event)


def render_notice(row: NoticeRow, *, no: str, title: str, unit: str, due: str = "", is_report: bool = False) -> str:
    """The notice's words to staff. A long title is cut. Of a report (检举控告) no notice says the title.

    What citizens hear is in `routing.notices.citizen_catalogue`.
    """
    title = REPORT_TITLE if is_report else prepare_title(title)
    return row.words.format(no=no, title=title, unit=unit, due=due)


def prepare_title(title: str) -> str:
    """A title as it goes out: without personal data, since carriers of messages read it, and cut to its length."""
    title = redaction.mask_text(title)
    return title if len(title) <= TITLE_MOST else title[: TITLE_MOST - 1] + "…"


_PERSONAL = frozenset({"own", "citizen"})


def render_moved_dates(changes: Iterable[Mapping[str, str]]) -> Mapping[tuple[Audience, str], str]:
    """Who must know that the calendar moved a date, by audience and unit, and the dates that are theirs in words."""
    phrases: dict[tuple[Audience, str], list[str]] = {}
    for change in changes:
        is_personal = change["holder"] in _PERSONAL
        recipient = (Audience.CITIZEN, "") if is_personal else (Audience.UNIT, change["unit"])
        if is_personal or change["unit"]:
            before, after = date.fromisoformat(change["before"]), date.fromisoformat(change["after"])
            words = f"{change['label']}的最后一天由{_render_day(before)}改为{_render_day(after)}"
            phrases.setdefault(recipient, []).append(words)
    return {recipient: "，".join(dict.fromkeys(dates)) for recipient, dates in phrases.items()}


def _render_day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
