"""Reply templates for clerks, with known values filled in and unknown ones left as visible blanks.

A blank looks like 【依据】: an answer that still holds one is not sent.
"""

import re
from collections.abc import Mapping

from feedback.rules.read_models import CaseFile
from feedback.rules.vocabulary import Kind
from routing.directory import Directory
from web.forms.models import QuickReason, ReplyTemplate
from web.forms.step_forms import Phrase
from web.wording.acts import ANSWERS

_SLOT_WORDS: Mapping[str, str] = {
    "action": "采取的措施",
    "adopted": "采纳的内容",
    "agent": "代办人",
    "alternative": "替代办法",
    "answer": "答复内容",
    "basis": "依据",
    "benefit": "待遇",
    "condition": "条件",
    "date": "日期",
    "days": "天数",
    "deadline": "完成日期",
    "difference": "不一致之处",
    "evidence": "调取的材料",
    "explain": "解释说明",
    "fact": "查明的事实",
    "gap": "差距",
    "help": "帮扶单位",
    "interval": "间隔",
    "limit": "期限",
    "materials": "材料",
    "matter": "事项",
    "next": "后续安排",
    "order": "责令内容",
    "other_phone": "对方电话",
    "other_unit": "负责单位",
    "person": "被表扬的人",
    "place": "地点",
    "plan": "计划",
    "policy": "政策",
    "progress": "进展",
    "reason": "理由",
    "request": "诉求",
    "rest": "其余部分",
    "result": "处理结果",
    "review_unit": "复查机关",
    "route": "法定途径",
    "state": "现状",
    "step1": "第一步",
    "step2": "第二步",
    "step3": "第三步",
    "time": "时间",
}
_UNKNOWN_WORDS = "待填写"
_BLANK = re.compile("【(?:" + "|".join(map(re.escape, [*_SLOT_WORDS.values(), _UNKNOWN_WORDS])) + ")】")
_SLOT = re.compile(r"\{(\w+)\}")


async def list_phrases(file: CaseFile, directory: Directory, clerk: str) -> dict[str, tuple[Phrase, ...]]:
    """The texts to start from by act; answers are those for this kind of case."""
    slot_values = _slot_values(file, directory, clerk)
    rows = await ReplyTemplate.all().order_by("code")
    matching_rows = [row for row in rows if row.kind in ("", file.kind.value)] or rows
    phrases_by_act: dict[str, list[Phrase]] = {
        act.value: [(f"template.{row.code}", row.title, fill_slots(row.text, slot_values)) for row in matching_rows]
        for act in ANSWERS
    }
    for reason in await QuickReason.all().order_by("id"):
        phrases_by_act.setdefault(reason.act, []).append((f"reason.{reason.id}", reason.text, reason.text))
    return {act: tuple(phrases) for act, phrases in phrases_by_act.items()}


def fill_slots(text: str, slot_values: Mapping[str, str]) -> str:
    """The text with what is known in its slots, and blanks in the others."""
    reply = _SLOT.sub(lambda m: slot_values.get(m[1], "") or f"【{_SLOT_WORDS.get(m[1], _UNKNOWN_WORDS)}】", text)
    return reply.strip().removesuffix(
        slot_values.get("unit") or _UNKNOWN_WORDS
    )  # the page itself puts the unit under an answer


def find_blanks(text: str) -> list[str]:
    """The blanks nobody filled in, once each."""
    return list(dict.fromkeys(_BLANK.findall(text)))


def _slot_values(file: CaseFile, directory: Directory, clerk: str) -> dict[str, str]:
    """What the case file says of the slots. An anonymous or masked person is greeted without a name."""
    person = file.person
    unit = directory.by_code.get(file.unit)
    superior = directory.superior(file.unit)
    return {
        "name": person.name
        if person and not person.is_masked and file.kind is not Kind.REPORT and person.name
        else " ",
        "title": file.title,
        "request": file.title,
        "no": file.no,
        "unit": unit.name if unit else "",
        "phone": unit.phone if unit else "",
        "clerk": clerk,
        "review_unit": directory.name(superior) if superior else "",
    }
