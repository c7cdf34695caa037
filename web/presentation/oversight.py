"""Who watches over others? The check every page of oversight begins with, and the tabs between those pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedback.kernel.clock import office_day
from feedback.rules import decision_grounds, escalation_levels
from feedback.rules.access import Actor
from feedback.rules.vocabulary import Act, Profile
from routing.directory import Directory
from routing.notices import escalation
from routing.notices.catalogue import Delivery
from routing.oversight import measure_types, triggers
from routing.oversight.forecast import Forecast
from routing.oversight.measure_types import MeasureStatus, MeasureStep
from routing.oversight.measures import MeasureView
from web.presentation import oversight as oversight_views
from web.wording import acts, catalogue, dates


def pages(current: str, actor: Actor) -> list[dict[str, Any]]:
    """The tabs over the pages of oversight."""
    return oversight_views.tabs(current, actor)


STATUSES: Mapping[str, str] = {"issued": "待反馈", "answered": "已反馈", "closed": "已归档", "withdrawn": "已撤回"}
DEEDS: Mapping[str, str] = {
    "issue": "发出",
    "answer": "书面反馈",
    "send_back": "退回补充",
    "remind": "逾期提醒",
    "close": "归档",
    "withdraw": "撤回",
}
PROPOSAL_STATUSES: Mapping[str, str] = {
    "open": "待处理",
    "issued": "已发督办",
    "dismissed": "不督办",
    "lapsed": "情况已消除",
}
REPORT_TITLE = "检举控告件"


def tabs(current: str, actor: Actor) -> list[dict[str, Any]]:
    """The pages of oversight, as tabs over each of them."""
    rows = [
        ("board", "/board", "看板"),
        ("late", "/board/late", "超期与告知"),
        ("untold", "/board/untold", "没有告知的群众"),
        ("proposals", "/board/proposals", "建议督办"),
        ("orders", "/board/orders", "督办件"),
        ("forecast", "/board/forecast", "可能超期"),
        ("measures", "/board/measures", "措施与建议"),
    ]
    return [{"href": href, "label": words, "current": code == current} for code, href, words in rows]


PUSHES: Mapping[str, str] = {"at_once": "立即", "working": "工作时间", "digest": "次日汇总"}


def ladder_lines() -> list[dict[str, Any]]:
    """The ladder as a table: stage by stage, who is told, how, and by which article."""
    lines: list[dict[str, Any]] = []
    for row in escalation_levels.ESCALATION_LEVELS:
        for profile in (Profile.PETITION, Profile.HOTLINE):
            rungs = escalation.list_escalation_rules(row.code, profile)
            lines.append(
                {
                    "stage": row.label,
                    "profile": catalogue.PROFILES[profile.value],
                    "told": [f"{catalogue.AUDIENCES[rung.audience]}（{PUSHES[rung.push]}）" for rung in rungs],
                    "law": list(dict.fromkeys(rung.law for rung in rungs)),
                }
            )
    return lines


@dataclass(frozen=True, slots=True)
class NotifiedLine:
    """One telling: whom, when, and whether it was read."""

    whom: str
    stage: str
    when: str
    read: str
    fault: str


def late_line(
    clock: Mapping[str, Any], told: Sequence[Mapping[str, Any]], names: Directory, now: datetime
) -> dict[str, Any]:
    """A late clock, and who was told of it when."""
    return {
        **_clock(clock, names),
        "late_days": max(0, (now - clock["due_at"]).days),
        "since": dates.short_time(clock["due_at"]),
        "told": [told_line(row, names) for row in told],
        "stages": told_stages(told, names),
    }


def told_stages(told: Sequence[Mapping[str, Any]], names: Directory) -> list[dict[str, Any]]:
    """The tellings stage by stage, the last stage first: one line each."""
    found: dict[str, dict[str, Any]] = {}
    for row in told:
        line = told_line(row, names)
        stage = found.setdefault(row["stage"], {"stage": line.stage, "when": line.when, "whom": [], "faults": []})
        stage["whom"].append(f"{line.whom}（{line.read}）" if row["read_at"] else line.whom)
        stage["faults"] += [line.fault] if line.fault else []
    return list(reversed(found.values()))


def told_line(row: Mapping[str, Any], names: Directory) -> NotifiedLine:
    whom = f"{names.short(row['unit'])}{catalogue.AUDIENCES[row['audience']]}"
    stage = next(
        (each.label for each in escalation_levels.ESCALATION_LEVELS if each.code == row["stage"]), row["stage"]
    )
    read = f"{dates.short_time(row['read_at'])} 已读" if row["read_at"] else "未读"
    return NotifiedLine(whom, stage, dates.short_time(row["made_at"]), read, row["error"])


def untold_line(row: Mapping[str, Any]) -> dict[str, str]:
    """A notice that reached no citizen: of which case, about what, since when, and why not."""
    event = row["event"]
    words = catalogue.NOTICE_EVENTS.get(event) or acts.label_of(event.removeprefix("case.")) or event
    return {
        "no": row["case_no"],
        "href": f"/desk/cases/{row['case_no']}",
        "event": words,
        "words": row["words"],
        "when": dates.short_time(row["made_at"]),
        "why": "没有渠道" if row["state"] == Delivery.NO_CHANNEL else "发送被拒收",
    }


def _clock(clock: Mapping[str, Any], names: Directory) -> dict[str, Any]:
    unit = clock["unit"] or clock["lead"] or clock["desk"]
    return {
        "no": clock["no"],
        "href": f"/desk/cases/{clock['no']}",
        "title": REPORT_TITLE if clock["confidential"] else clock["title"],
        "kind": catalogue.KINDS.get(clock["kind"], clock["kind"]),
        "unit": names.short(unit),
        "unit_code": unit,
        "term": clock["label"],
        "due": clock["due_legal_day"].isoformat(),
        "due_at": dates.short_time(clock["due_at"]),
        "law": clock["law"],
    }


def forecast_line(clock: Mapping[str, Any], told: Forecast, names: Directory) -> dict[str, Any]:
    """A running clock with its chance to be late, and why."""
    return {
        **_clock(clock, names),
        "chance": round(told.chance, 4),
        "percent": f"{told.chance:.0%}",
        "expected_days": round(told.expected_days, 2),
        "unit_n": told.unit_n,
        "unit_late": told.unit_late,
        "all_n": told.all_n,
        "all_late": told.all_late,
        "used": round(told.used, 4),
        "why": forecast_words(told, clock["label"]),
    }


def forecast_words(told: Forecast, term: str) -> str:
    """Why the chance is what it is, so that anybody can count it again."""
    head = f"时限已用 {min(told.used, 1):.0%}。"
    own = (
        f"本单位“{term}”到这一步还没办完的 {told.unit_n} 件里 {told.unit_late} 件超期"
        if told.unit_n
        else "本单位没有同类历史"
    )
    everybody = f"各单位 {told.all_n} 件里 {told.all_late} 件" if told.all_n else "各单位也没有同类历史"
    return f"{head}{own}；{everybody}；超期的话估计 {told.days_if_late:.1f} 天。"


def trigger_row(code: str) -> tuple[str, str]:
    """A trigger's words and its article."""
    row = decision_grounds.find_ground(Act.SUPERVISE, "trigger", code)
    return (row.label, row.law) if row else (code, "")


def proposal_line(row: Mapping[str, Any], names: Directory, titles: Mapping[str, str]) -> dict[str, Any]:
    """A proposed order, with its evidence and the words it would be issued with."""
    label, law = trigger_row(row["trigger"])
    rule = triggers.find_supervision_rule(row["rule"])
    evidence = "；".join(row["evidence"])
    return {
        "id": row["id"],
        "no": row["case_no"],
        "href": f"/desk/cases/{row['case_no']}",
        "title": titles.get(row["case_no"], ""),
        "unit": names.short(row["unit"]),
        "rule": rule.label if rule else row["rule"],
        "trigger": row["trigger"],
        "trigger_text": label,
        "law": law,
        "evidence": list(row["evidence"]),
        "when": dates.short_time(row["made_at"]),
        "status": row["status"],
        "status_text": PROPOSAL_STATUSES[row["status"]],
        "decided": f"{dates.short_time(row['decided_at'])} {row['decided_by']}" if row["decided_at"] else "",
        "reason": row["reason"],
        "words": f"{label}：{evidence}。请立即办理，并书面说明原因和结果。",
    }


def order_line(row: Mapping[str, Any], names: Directory, now: datetime) -> dict[str, Any]:
    """A supervision order with its clock, what it says, and the answer."""
    order, answer = row["order"], row["answer"]
    data = order["data"] if order else {}
    is_open = row["stopped_at"] is None
    light = ("red" if now >= row["due_at"] else "amber") if is_open else "none"
    return {
        **_clock(row, names),
        "issued": dates.short_time(row["starts_at"]),
        "by": order["actor_name"] if order else "",
        "reason": data.get("reason", ""),
        "trigger": trigger_row(data["trigger"])[0] if data.get("trigger") else "",
        "target_day": data.get("target_day", ""),
        "open": is_open,
        "light": light,
        "state": ("已逾期" if light == "red" else "待答复") if is_open else ("已答复" if answer else "已终止"),
        "answer": answer["data"].get("text", "") if answer else "",
        "answered": dates.short_time(answer["at"]) if answer else "",
    }


def measure_line(row: MeasureView, names: Directory, now: datetime) -> dict[str, Any]:
    """A measure as a line of the list, and for the API."""
    late = row.is_late(now) and row.status in (MeasureStatus.ISSUED, MeasureStatus.ANSWERED, MeasureStatus.CLOSED)
    words = STATUSES[row.status]
    return {
        "id": row.id,
        "no": row.no,
        "href": f"/desk/measures/{row.id}",
        "kind": row.row.code,
        "kind_text": row.row.label,
        "unit": row.unit,
        "unit_text": names.short(row.unit),
        "title": row.title,
        "status": row.status.value,
        "status_text": f"{words}（逾期）" if late else words,
        "tone": "red" if late else {"issued": "amber", "answered": "blue", "closed": "green"}.get(row.status, ""),
        "late": late,
        "due": row.due_day.isoformat(),
        "issued": office_day(row.issued_at).isoformat(),
        "answered": office_day(row.answered_at).isoformat() if row.answered_at else "",
        "adoption": row.adoption,
        "adoption_text": measure_types.ADOPTIONS.get(row.adoption, ""),
        "law": row.row.law,
    }


def measure_course(row: MeasureView, names: Directory) -> list[dict[str, str]]:
    """What happened to a measure, for the timeline."""
    found = []
    for entry in row.entries:
        data = entry["data"]
        parts = [measure_types.ADOPTIONS.get(data.get("adoption", ""), ""), data.get("text", "")]
        if data.get("due_day") and entry["act"] in (MeasureStep.ISSUE, MeasureStep.SEND_BACK):
            parts.append(f"最迟 {data['due_day']} 反馈")
        who = names.short(entry["unit"]) if entry["unit"] else "系统"
        title = DEEDS[entry["act"]]
        when = f"{dates.short_time(entry['at'])} {entry['actor_name']}"
        found.append(
            {"state": "past", "title": title, "unit": who, "when": when, "text": "\n".join(filter(None, parts))}
        )
    return found
