"""Links between two cases in words, with their evidence and the answer a repeat would get."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from feedback.rules.read_models import CaseFile, LinkView
from feedback.rules.vocabulary import OPEN, LinkKind, LinkState, Profile, Status
from feedback.rules.workdays import Calendar
from routing.directory import Directory
from web.presentation import case as case_views
from web.presentation import worklist as worklist_views
from web.presentation.worklist import RowView
from web.wording import catalogue, dates

KIND_WORDS: Mapping[str, str] = {
    LinkKind.REPEAT_OF: "重件",
    LinkKind.CAMPAIGN: "群体、同类",
    LinkKind.MERGED_INTO: "并案",
    LinkKind.SPLIT_FROM: "分案",
    LinkKind.NEW_FACTS_OF: "有新情况，另件办理",
    "same_matter": "同一事项",
}
STATE_WORDS: Mapping[str, str] = {
    LinkState.PROPOSED: "疑似",
    LinkState.CONFIRMED: "",
    LinkState.DISMISSED: "不是",
}
PERSON_WORDS: Mapping[str, str] = {
    "phone": "电话相同",
    "id": "证件号码相同",
    "id_tail": "证件号码后六位相同",
    "name": "姓名相同",
}
WHERE_MOST = 300


@dataclass(frozen=True, slots=True)
class LinkLine:
    """A link as a page shows it."""

    id: int
    kind: str
    state: str
    words: str
    is_later: bool  # the case of the page is the newer one
    here: RowView
    there: RowView
    reasons: tuple[str, ...]
    passages: tuple[str, ...]
    decided: str


def list_link_lines(
    links: Sequence[LinkView], directory: Directory, now: datetime, calendar: Calendar
) -> list[LinkLine]:
    """The links in words."""
    return [
        LinkLine(
            id=link.id,
            kind=link.kind,
            state=link.state,
            words=f"{STATE_WORDS[link.state]}{KIND_WORDS[link.kind]}",
            is_later=link.is_later,
            here=worklist_views.row_view(link.here, directory, now, calendar),
            there=worklist_views.row_view(link.there, directory, now, calendar),
            reasons=tuple(list_reasons(link)),
            passages=link.passages,
            decided=f"{link.decided_name} {dates.short_time(link.decided_at)}".strip() if link.decided_at else "",
        )
        for link in links
    ]


def list_reasons(link: LinkView) -> list[str]:
    """What speaks for it: person, words, place, time."""
    reasons = [PERSON_WORDS[identifier] for identifier in link.person]
    if link.cosine or link.held:
        reasons.append(f"文字相似 {max(link.cosine, link.held):.0%}")
    if link.same_place:
        reasons.append("地区相同")
    if link.days or link.cosine:
        reasons.append(f"相隔 {link.days} 天" if link.days else "同一天收到")
    return reasons


@dataclass(frozen=True, slots=True)
class RepeatAnswer:
    """What is answered to whoever brings the same again: on which ground, why, and where it stands."""

    ground: str
    reason: str
    where_instead: str


def build_repeat_answer(
    repeat: CaseFile, first_case: CaseFile, directory: Directory, calendar: Calendar, now: datetime
) -> RepeatAnswer | None:
    """The answer with how the first case stands, or None where no ground fits: then a person chooses one.

    Neither number nor title of the first case is shown: whoever holds the second code need not be whoever holds the first.
    """
    is_open = first_case.status in OPEN
    match repeat.profile:
        case Profile.HOTLINE:
            ground, reason = "same_matter", "您反映的是同一事项，没有新的事实和理由。"
        case Profile.PETITION if is_open:
            ground, reason = "in_progress", "您反映的同一事项已经受理或者正在办理，不重复受理。"
        case _:
            return None
    return RepeatAnswer(ground, reason, _render_progress(first_case, directory, calendar, now)[:WHERE_MOST])


def _render_progress(first_case: CaseFile, directory: Directory, calendar: Calendar, now: datetime) -> str:
    """How the first case stands, in a sentence or three."""
    day = dates.day_words(first_case.received_at.date())
    unit = directory.name(first_case.unit) if first_case.unit else ""
    sentences = [
        f"同一事项已于{day}登记，目前：{catalogue.STATUSES[first_case.status.value]}{f'（{unit}）' if unit else ''}。"
    ]
    due_clock = next((c for c in first_case.clocks if c.term in ("answer", "resolve") and c.stopped_at is None), None)
    if first_case.status in OPEN and due_clock is not None:
        sentences.append(f"答复期限：{case_views.clock_view(due_clock, directory, now, calendar).due}前。")
    if first_case.status in (Status.REPLIED, Status.CLOSED):
        sentences.append("已经答复，可以凭原查询码查看答复内容。")
    sentences.append(
        "请凭原来的查询码查询办理过程；遗失的可持有效证件到受理窗口查询。有新的事实和理由的，可以另行反映。"
    )
    return "".join(sentences)
