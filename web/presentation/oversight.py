"""Tabs and lines of the oversight pages: escalation, overdue clocks, forecasts, proposals, orders."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from feedback.kernel.clock import office_day
from feedback.rules import decision_grounds, escalation_levels
from feedback.rules.access import Actor
from feedback.rules.vocabulary import Act, Profile
from feedback.rules.workdays import Calendar
from routing.directory import Directory
from routing.notices import escalation
from routing.notices.catalogue import Delivery
from routing.oversight import measure_types, triggers
from routing.oversight.forecast import Forecast
from routing.oversight.measure_types import MeasureStatus, MeasureStep
from routing.oversight.measures import MeasureView
from web.presentation.case import left_words
from web.wording import acts, catalogue, dates

MEASURE_STATUSES: Mapping[str, str] = {
    "issued": "待反馈",
    "answered": "已反馈",
    "closed": "已归档",
    "withdrawn": "已撤回",
}
STEP_WORDS: Mapping[str, str] = {
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


def build_tabs(current: str, actor: Actor) -> list[dict[str, Any]]:
    """The pages of oversight, as tabs over each of them."""
    rows = [
        ("board", "/board", "看板"),
        ("late", "/board/late", "超期与告知"),
        ("untold", "/board/untold", "没有告知的群众"),
        ("proposals", "/board/proposals", "建议督办"),
        ("orders", "/board/orders", "督办件"),
        ("forecast", "/board/forecast", "可能超期"),
        ("unverified", "/board/unverified", "没有核实的评价"),
        ("measures", "/board/measures", "措施与建议"),
    ]
    return [{"href": href, "label": words, "current": code == current} for code, href, words in rows]


PRIORITY_WORDS: Mapping[str, str] = {"at_once": "立即", "working": "工作时间", "digest": "次日汇总"}


def list_escalation_lines() -> list[dict[str, Any]]:
    """ESCALATION_RULES as a table: stage by stage, who is notified, how, and by which article."""
    lines: list[dict[str, Any]] = []
    for row in escalation_levels.ESCALATION_LEVELS:
        for profile in (Profile.PETITION, Profile.HOTLINE):
            rules = escalation.list_escalation_rules(row.code, profile)
            lines.append(
                {
                    "stage": row.label,
                    "in_hours": row.label_in_hours,
                    "profile": catalogue.PROFILES[profile.value],
                    "told": [f"{catalogue.AUDIENCES[rule.audience]}（{PRIORITY_WORDS[rule.push]}）" for rule in rules],
                    "law": list(dict.fromkeys(rule.law for rule in rules)),
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
    clock: Mapping[str, Any],
    notices: Sequence[Mapping[str, Any]],
    directory: Directory,
    now: datetime,
    calendar: Calendar,
) -> dict[str, Any]:
    """An overdue clock, and who was notified of it when."""
    return {
        **_clock_values(clock, directory),
        "late": left_words(clock["due_at"], now, calendar),
        "late_days": max(0, (now - clock["due_at"]).days),
        "since": dates.short_time(clock["due_at"]),
        "told": [notice_line(row, clock["length"], directory) for row in notices],
        "stages": group_notices(notices, clock["length"], directory),
    }


def group_notices(notices: Sequence[Mapping[str, Any]], length: str, directory: Directory) -> list[dict[str, Any]]:
    """The tellings stage by stage, the last stage first: one line each."""
    stages: dict[str, dict[str, Any]] = {}
    for row in notices:
        line = notice_line(row, length, directory)
        stage = stages.setdefault(row["stage"], {"stage": line.stage, "when": line.when, "whom": [], "faults": []})
        channel = catalogue.DELIVERY_CHANNELS.get(row["channel"], "")
        remarks = "，".join(part for part in (channel, line.read if row["read_at"] else "") if part)
        stage["whom"].append(f"{line.whom}（{remarks}）" if remarks else line.whom)
        stage["faults"] += [line.fault] if line.fault else []
    return list(reversed(stages.values()))


def notice_line(row: Mapping[str, Any], length: str, directory: Directory) -> NotifiedLine:
    """One telling about a clock of that length."""
    whom = f"{directory.short(row['unit'])}{catalogue.AUDIENCES[row['audience']]}"
    stage = escalation_levels.label_level(row["stage"], length)
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
        "why": "没有渠道" if row["state"] == Delivery.NO_CHANNEL else f"没有送到 {row['error']}".strip(),
    }


def _clock_values(clock: Mapping[str, Any], directory: Directory) -> dict[str, Any]:
    unit = clock["unit"] or clock["lead"] or clock["desk"]
    return {
        "no": clock["no"],
        "href": f"/desk/cases/{clock['no']}",
        "title": REPORT_TITLE if clock["confidential"] else clock["title"],
        "kind": catalogue.KINDS.get(clock["kind"], clock["kind"]),
        "unit": directory.short(unit),
        "unit_code": unit,
        "term": clock["label"],
        "due": clock["due_legal_day"].isoformat(),
        "due_at": dates.short_time(clock["due_at"]),
        "law": clock["law"],
    }


def forecast_line(clock: Mapping[str, Any], forecast: Forecast, directory: Directory) -> dict[str, Any]:
    """A running clock with its chance to be late, and why."""
    return {
        **_clock_values(clock, directory),
        "chance": round(forecast.chance, 4),
        "percent": f"{forecast.chance:.0%}",
        "expected_days": round(forecast.expected_days, 2),
        "unit_n": forecast.unit_n,
        "unit_late": forecast.unit_late,
        "all_n": forecast.all_n,
        "all_late": forecast.all_late,
        "used": round(forecast.used, 4),
        "why": forecast_words(forecast, clock["label"]),
    }


def forecast_words(forecast: Forecast, term: str) -> str:
    """Why the chance is what it is, so that anybody can count it again."""
    head = f"时限已用 {min(forecast.used, 1):.0%}。"
    unit_words = (
        f"本单位“{term}”到这一步还没办完的 {forecast.unit_n} 件里 {forecast.unit_late} 件超期"
        if forecast.unit_n
        else "本单位没有同类历史"
    )
    all_words = f"各单位 {forecast.all_n} 件里 {forecast.all_late} 件" if forecast.all_n else "各单位也没有同类历史"
    return f"{head}{unit_words}；{all_words}；超期的话估计 {forecast.days_if_late:.1f} 天。"


def find_trigger(code: str) -> tuple[str, str]:
    """A trigger's words and its article."""
    row = decision_grounds.find_ground(Act.SUPERVISE, "trigger", code)
    return (row.label, row.law) if row else (code, "")


def proposal_line(row: Mapping[str, Any], directory: Directory, titles: Mapping[str, str]) -> dict[str, Any]:
    """A proposed order, with its evidence and the words it would be issued with."""
    label, law = find_trigger(row["trigger"])
    rule = triggers.find_supervision_rule(row["rule"])
    evidence, unit = "；".join(row["evidence"]), directory.short(row["unit"])
    return {
        "id": row["id"],
        "no": row["case_no"],
        "href": f"/desk/cases/{row['case_no']}",
        "title": titles.get(row["case_no"], ""),
        "unit": unit,
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
        "words": f"{unit}{label}：{evidence}。请立即办理，并书面说明原因和结果。",
    }


def order_line(row: Mapping[str, Any], directory: Directory, now: datetime) -> dict[str, Any]:
    """A supervision order with its clock, what it says, and the answer."""
    order, answer = row["order"], row["answer"]
    data = order["data"] if order else {}
    is_open = row["stopped_at"] is None
    light = ("red" if now >= row["due_at"] else "amber") if is_open else "none"
    return {
        **_clock_values(row, directory),
        "issued": dates.short_time(row["starts_at"]),
        "by": order["actor_name"] if order else "",
        "reason": data.get("reason", ""),
        "trigger": find_trigger(data["trigger"])[0] if data.get("trigger") else "",
        "target_day": data.get("target_day", ""),
        "open": is_open,
        "light": light,
        "state": ("已逾期" if light == "red" else "待答复") if is_open else ("已答复" if answer else "已终止"),
        "answer": answer["data"].get("text", "") if answer else "",
        "answered": dates.short_time(answer["at"]) if answer else "",
    }


def measure_line(row: MeasureView, directory: Directory, now: datetime) -> dict[str, Any]:
    """A measure as a line of the list, and for the API."""
    late = row.is_late(now) and row.status in (MeasureStatus.ISSUED, MeasureStatus.ANSWERED, MeasureStatus.CLOSED)
    words = MEASURE_STATUSES[row.status]
    return {
        "id": row.id,
        "no": row.no,
        "href": f"/desk/measures/{row.id}",
        "kind": row.measure_type.code,
        "kind_text": row.measure_type.label,
        "unit": row.unit,
        "unit_text": directory.short(row.unit),
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
        "law": row.measure_type.law,
    }


def list_measure_steps(row: MeasureView, directory: Directory) -> list[dict[str, str]]:
    """What happened to a measure, for the timeline."""
    steps = []
    for entry in row.entries:
        data = entry["data"]
        parts = [measure_types.ADOPTIONS.get(data.get("adoption", ""), ""), data.get("text", "")]
        if data.get("due_day") and entry["act"] in (MeasureStep.ISSUE, MeasureStep.SEND_BACK):
            parts.append(f"最迟 {data['due_day']} 反馈")
        who = directory.short(entry["unit"]) if entry["unit"] else "系统"
        title = STEP_WORDS[entry["act"]]
        when = f"{dates.short_time(entry['at'])} {entry['actor_name']}"
        steps.append(
            {"state": "past", "title": title, "unit": who, "when": when, "text": "\n".join(filter(None, parts))}
        )
    return steps
