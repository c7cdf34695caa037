"""What do people say on a random walk? Drafts and the data of steps, mostly as they should be, sometimes not."""

import random
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from classify import taxonomy
from evaluation import scale
from feedback.kernel.clock import office_day
from feedback.rules import decision_grounds, intake_fields, parties
from feedback.rules.intake import PersonSubmission, Proxy, Submission
from feedback.rules.lifecycle import Step
from feedback.rules.needs import Need
from feedback.rules.vocabulary import PUBLIC_KINDS, Act, Channel, Kind, Profile

_MATTERS = (
    ("路灯不亮", "小区门口的路灯坏了一周，晚上看不清路。"),
    ("楼道堆放杂物", "三号楼楼道堆满纸箱，担心着火。"),
    ("自来水发黄", "这几天家里的自来水发黄，不敢喝。"),
    ("学校门口拥堵", "早晚高峰车辆乱停，孩子过马路危险。"),
    ("医保报销进度", "想问异地就医的报销什么时候到账。"),
    ("征地补偿不服", "对征地补偿的决定不服，请依法处理。"),
    ("建议增设公交站", "建议在清波社区增设一个公交站。"),
    ("反映收受礼金", "反映有工作人员收受礼金，请依规查处。"),
)
_WRONG: tuple[Any, ...] = (
    "",
    "  ",
    None,
    7,
    -1,
    10**9,
    True,
    [],
    ["x"],
    {"a": 1},
    "长" * 30_000,
    "长" * 80,
    ["长" * 80],
    "不存在",
)
DESKS = ("rexian", "xinfang")
RECUSED = ("clerk-jiaoyu", "clerk-jiwei", "auditor")  # never the last who can go on: the doors see to that
_REGIONS = ("", "", "990102102000", "990102102001")


class Words:
    """Random words from a random source that can be repeated."""

    def __init__(self, draw: random.Random, units: Sequence[str]) -> None:
        self.draw, self.units = draw, units
        self.categories = [c.code for c in taxonomy.CATEGORIES]
        self.number = 0

    def draft(self, before: Sequence[Submission]) -> Submission:
        """A message: new, said before, or wrong."""
        if before and self.draw.random() < 0.05:
            return self.draw.choice(before)
        title, text = self.draw.choice(_MATTERS)
        self.number += 1
        channel = self.draw.choice(list(Channel))
        joint = self.draw.random() < 0.15
        kind = self.draw.choice(PUBLIC_KINDS)
        barred = self.draw.choice((frozenset({"jiaoyu"}), frozenset({"jiwei"}), frozenset({"jiwei", "rexian"})))
        wrong = self.draw.random()
        return Submission(
            kind="" if wrong < 0.02 else kind.value,
            title="" if 0.02 <= wrong < 0.04 else f"{title}（第{self.number}件）",
            text=text,
            channel=channel.value,
            desk="rexian",
            source_id=f"walk-{self.number}" if wrong > 0.06 else "walk-1",
            profile=self.draw.choice(("", "", "", Profile.HOTLINE.value, Profile.PETITION.value)),
            region="1" if 0.04 <= wrong < 0.05 else self.draw.choice(_REGIONS),
            person=PersonSubmission("安小娜", "13900001234") if self.draw.random() < 0.7 else None,
            anonymous=self.draw.random() < 0.2,
            public_consent=self.draw.random() < 0.5,
            urgency=self.draw.choice((0, 0, 0, 0, 1, 2)),
            bars=barred if kind is Kind.REPORT and self.draw.random() < 0.7 else frozenset(),
            headcount=self.draw.choice((2, 5, 6, 40, 300)) if joint else 1,
            representatives=self._representatives() if joint else (),
            proxy=self._proxy() if self.draw.random() < 0.1 else None,
            exclude="请不要让经办人员办理" if self.draw.random() < 0.2 else "",
            particulars=self._particulars(channel),
        )

    def _representatives(self) -> tuple[PersonSubmission, ...]:
        """Up to five speak for the others; now and then somebody sends a sixth, or one without a name."""
        most = self.draw.choice((0, 1, 2, 5, 5, 6))
        named = [PersonSubmission(f"代表{place}", f"1390000{place:04d}") for place in range(most)]
        return (PersonSubmission("", "13900009999"),) if self.draw.random() < 0.05 else tuple(named)

    def _proxy(self) -> Proxy:
        kind = self.draw.choice(parties.PROXY_KINDS)
        right = self.draw.choice(list(parties.Authority))  # not each goes with each sort of proxy
        return Proxy(PersonSubmission("代理人", "13900008888"), kind.code, right.value)

    def _particulars(self, channel: Channel) -> dict[str, object]:
        """What the desk writes down of a letter, a visit or a transfer from above; sometimes it forgets to."""
        if self.draw.random() < 0.2:
            return {}
        day = f"2026-1{self.draw.randint(0, 2)}-{self.draw.randint(10, 28)}"
        known = {"day": day, "moment": f"{day}T09:30", "switch": True, "choice": "dialect", "line": "市信访局"}
        return {row.name: known[row.sort] for row in intake_fields.list_fields(channel) if row.name != "threat"}

    def data(self, step: Step, now: datetime, nos: Sequence[str]) -> dict[str, Any]:
        """What a step needs, and some of what it may bring."""
        asked = [*step.needs, *(need for need in step.may if self.draw.random() < 0.5)]
        data = {need.name: self._fitting(need, now, nos) for need in asked}
        if "tags" in data:
            data["tags"] = self._tags(data)
        if step.act is Act.ASSIGN and self.draw.random() < 0.9:
            data |= self._order(now)
        if step.act is Act.CALL_BACK and self.draw.random() < 0.8:
            data["outcome"] = self.draw.choice(("satisfied", "unsatisfied", "unsatisfied", "unreached"))
        if asked and self.draw.random() < 0.08:
            data[self.draw.choice(asked).name] = self.draw.choice(_WRONG)
        return {name: value for name, value in data.items() if value is not None}

    def _fitting(self, need: Need, now: datetime, nos: Sequence[str]) -> Any:
        if need.name == "phone":
            return self.draw.choice(("13900001234", "13911112222", "1"))
        match need.sort:
            case "unit":
                return self.draw.choice(self.units)
            case "desk":
                return self.draw.choice(DESKS)
            case "staff":
                return self.draw.choice(RECUSED)
            case "choice":
                codes = need.choices or [row.code for rows in decision_grounds.TABLES.values() for row in rows]
                return self.draw.choice(codes)
            case "units":
                return self.draw.choices(self.units, k=self.draw.randint(1, 3))
            case "number":
                return self.draw.choice((1, 2, 5, 10, 30, 60))
            case "level":
                return self.draw.randint(1, 5)
            case "category":
                return self.draw.choice(self.categories)
            case "case":
                return self.draw.choice(nos)
            case "day":
                return (office_day(now) + timedelta(days=self.draw.randint(-3, 60))).isoformat()
            case "switch":
                return self.draw.random() < 0.5
            case "decimal":
                return round(self.draw.random(), 4)
            case "files" | "tags":
                return []
            case _:
                return f"{self.draw.choice(_MATTERS)[1]}（{self.draw.randint(1, 999)}）"

    def _order(self, now: datetime) -> dict[str, Any]:
        """A commission with its day, or forwarded without one."""
        day = office_day(now) + timedelta(days=self.draw.randint(1, 60))
        is_commission = self.draw.random() < 0.4
        return (
            {"mode": "commission", "target_day": day.isoformat()} if is_commission else {"mode": "", "target_day": ""}
        )

    def _tags(self, data: Mapping[str, Any]) -> list[str]:
        level = data.get("level")
        offered = [i.code for i in scale.list_indicators(level)] if isinstance(level, int) and 1 <= level <= 5 else []
        return self.draw.sample(offered, min(2, len(offered)))
