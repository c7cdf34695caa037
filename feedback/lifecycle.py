"""What may happen to a case, from where, by whom, and bringing what? One table, STEPS.

Checks, buttons, forms, the API's `acts` and the help page are all read from it. A row's remark says why it is so.
No I/O.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from feedback.kernel.errors import Invalid, NotNow


class Kind(StrEnum):
    """What sort of message it is (诉求类型)."""

    COMPLAINT = "complaint"
    HELP = "help"
    CONSULT = "consult"
    SUGGEST = "suggest"
    REPORT = "report"
    APPEAL = "appeal"
    PRAISE = "praise"
    RECTIFY = "rectify"


PUBLIC_KINDS = tuple(kind for kind in Kind if kind is not Kind.RECTIFY)
"""Kinds a person may choose; a rectification is opened by a bad rating only."""


class Profile(StrEnum):
    """Which rule book holds (办理规程)."""

    PETITION = "petition"
    HOTLINE = "hotline"
    RATING = "rating"


PROFILE_OF: Mapping[Kind, Profile] = MappingProxyType(
    {
        Kind.COMPLAINT: Profile.HOTLINE,
        Kind.HELP: Profile.HOTLINE,
        Kind.CONSULT: Profile.HOTLINE,
        Kind.PRAISE: Profile.HOTLINE,
        Kind.SUGGEST: Profile.PETITION,  # 建议意见 (信访工作条例 第二十九条)
        Kind.REPORT: Profile.PETITION,  # 检举控告 (第三十条)
        Kind.APPEAL: Profile.PETITION,  # 申诉求决 (第三十一条)
        Kind.RECTIFY: Profile.RATING,
    }
)


class Channel(StrEnum):
    """How it reached us (来源渠道)."""

    WEB = "web"
    APP = "app"
    MINIPROGRAM = "miniprogram"
    WECHAT = "wechat"
    WEIBO = "weibo"
    HOTLINE = "hotline"
    LETTER = "letter"
    VISIT = "visit"
    FAX = "fax"
    AGENT = "agent"
    TRANSFER = "transfer"
    IMPORT = "import"
    OPEN311 = "open311"


class Stage(StrEnum):
    """Which round of the same case (办理阶段)."""

    FIRST = "first"
    REVIEW = "review"
    RE_REVIEW = "re_review"


class Status(StrEnum):
    """Where a case stands (办理状态)."""

    RECEIVED = "received"
    ASSIGNED = "assigned"
    ACCEPTED = "accepted"
    HELD = "held"
    REPLIED = "replied"
    CLOSED = "closed"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    MERGED = "merged"


OPEN = frozenset({Status.RECEIVED, Status.ASSIGNED, Status.ACCEPTED, Status.HELD})
"""Somebody still owes an answer."""


class Role(StrEnum):
    """In what capacity somebody acts (身份)."""

    CITIZEN = "citizen"
    RECEPTION = "reception"
    CLERK = "clerk"
    LEAD = "lead"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ADMIN = "admin"
    SYSTEM = "system"


class Act(StrEnum):
    """What somebody does to a case (办理动作)."""

    SUBMIT = "submit"
    CLASSIFY = "classify"
    ASSIGN = "assign"
    ACCEPT = "accept"
    DECLINE = "decline"
    RETURN = "return"
    ASK = "ask"
    SUPPLEMENT = "supplement"
    CONTACT = "contact"
    ASK_EXTENSION = "ask_extension"
    EXTEND = "extend"
    REFUSE_EXTENSION = "refuse_extension"
    CO_ASSIGN = "co_assign"
    CO_REPLY = "co_reply"
    REPLY = "reply"
    PUBLISH = "publish"
    UNPUBLISH = "unpublish"
    WITHDRAW = "withdraw"
    URGE = "urge"
    SUPERVISE = "supervise"
    ANSWER_SUPERVISION = "answer_supervision"
    RATE = "rate"
    REVIEW = "review"
    RE_REVIEW = "re_review"
    REOPEN = "reopen"
    MERGE = "merge"
    HOLD = "hold"
    RESUME = "resume"
    RECTIFY = "rectify"
    EXPLAIN = "explain"
    CALL_BACK = "call_back"
    NOTE = "note"
    CLOSE = "close"


class Whose(StrEnum):
    """Which unit a staff role must belong to for a step."""

    DESK = "desk"  # the case's reception desk
    HOLDER = "holder"  # the unit that leads the case now
    CO = "co"  # a co-unit now
    OVERSEER = "overseer"  # above the units, by office
    OWNER = "owner"  # the citizen whose case it is
    NOBODY = "nobody"  # the system itself


@dataclass(frozen=True, slots=True)
class Need:
    """One thing a step must (or may) bring: its name, sort and limits."""

    name: str
    sort: str = "text"  # text | line | number | unit | units | category | level | case | tags | switch
    optional: bool = False
    most: int = 5000
    least: int = 1


def _must(*names: str) -> tuple[Need, ...]:
    return tuple(NEEDS[name] for name in names)


def _may(*names: str) -> tuple[Need, ...]:
    return tuple(Need(n.name, n.sort, True, n.most, n.least) for n in _must(*names))


NEEDS: Mapping[str, Need] = MappingProxyType(
    {
        need.name: need
        for need in (
            Need("title", "line", most=100),
            Need("text", most=20000),
            Need("question", most=20000),
            Need("answer", most=20000),
            Need("reason", most=1000),
            Need("where_instead", "line", most=300),
            Need("unit", "unit", most=60),
            Need("units", "units"),
            Need("task", most=1000),
            Need("days", "number", most=365),
            Need("category", "category", most=4),
            Need("confidence", "decimal", most=1),
            Need("release", "line", most=100),
            Need("rule", "line", most=300),
            Need("level", "level", most=5),
            Need("desk_level", "level", most=5),
            Need("tags", "tags"),
            Need("case", "case"),
            Need("outcome", "line", most=60),
            Need("contacted", "line", most=60),
            Need("solved", "line", most=60),
            Need("target_day", "day"),
            Need("public", "switch"),
            Need("abstained", "switch"),
            Need("attachments", "files"),
            Need("anonymous", "switch"),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Step:
    """One row: the act, where it may start, where it leads, by whom, bringing what."""

    act: Act
    sources: frozenset[Status]
    target: Status | None
    who: frozenset[tuple[Role, Whose]]
    needs: tuple[Need, ...] = ()
    may: tuple[Need, ...] = ()
    profiles: frozenset[Profile] = field(default_factory=lambda: frozenset(Profile))
    kinds: frozenset[Kind] = field(default_factory=lambda: frozenset(Kind))
    stages: frozenset[Stage] = field(default_factory=lambda: frozenset(Stage))
    most: int | None = None  # how often in one file
    answers: Act | None = None  # only while that act was done more often than this one
    public: bool = True  # the citizen sees the entry
    law: str = ""
    remark: str = ""


S, R, W, A, P, K = Status, Role, Whose, Act, Profile, Kind

_DESK = ((R.RECEPTION, W.DESK),)
_HOLDER = ((R.CLERK, W.HOLDER), (R.LEAD, W.HOLDER))
_LEAD = ((R.LEAD, W.HOLDER),)
_CO = ((R.CLERK, W.CO), (R.LEAD, W.CO))
_OWNER = ((R.CITIZEN, W.OWNER),)
_OVER = ((R.SUPERVISOR, W.OVERSEER),)
_SYSTEM = ((R.SYSTEM, W.NOBODY),)
_CASES = frozenset({P.PETITION, P.HOTLINE})
_PETITION = frozenset({P.PETITION})
_HOTLINE = frozenset({P.HOTLINE})
_RATING = frozenset({P.RATING})


def _step(
    act: Act,
    sources: Iterable[Status],
    target: Status | None,
    who: Iterable[tuple[Role, Whose]],
    needs: tuple[Need, ...] = (),
    may: tuple[Need, ...] = (),
    **more: object,
) -> Step:
    return Step(act, frozenset(sources), target, frozenset(who), needs, may, **more)  # type: ignore[arg-type] # keywords are checked by the dataclass


# fmt: off
STEPS: tuple[Step, ...] = (
    #     act                  from                            to          who                      must bring; may bring
    _step(A.SUBMIT,            (),                             S.RECEIVED, (*_OWNER, *_DESK, *_SYSTEM), _must("title", "text"), _may("attachments"),
          law="信访工作条例 第十九条、第二十二条"),
    _step(A.CLASSIFY,          (S.RECEIVED, S.ASSIGNED),       None,       (*_SYSTEM, *_DESK),      _must("category"), _may("confidence", "release", "abstained"), public=False),
    _step(A.ASSIGN,            (S.RECEIVED,),                  S.ASSIGNED, (*_SYSTEM, *_DESK),      _must("unit"), _may("reason", "rule", "units"),
          law="信访工作条例 第二十二条（转送、交办）"),
    _step(A.RETURN,            (S.ASSIGNED,),                  S.RECEIVED, _HOLDER,                 _must("reason"), _may("where_instead"), profiles=_CASES, most=2,
          law="信访工作条例 第二十三条第三款（异议）", remark="退回次数有限：两次之后由受理窗口指定，不得再退"),
    _step(A.ACCEPT,            (S.ASSIGNED,),                  S.ACCEPTED, _HOLDER,                 (), _may("text"),
          law="信访工作条例 第二十三条（受理告知）"),
    _step(A.DECLINE,           (S.RECEIVED, S.ASSIGNED),       S.DECLINED, (*_DESK, *_HOLDER),      _must("reason", "where_instead"), profiles=_CASES,
          law="信访工作条例 第十九条第三款、第二十三条、第三十六条第三款"),
    _step(A.ASK,               (S.ASSIGNED, S.ACCEPTED),       None,       (*_DESK, *_HOLDER),      _must("text"), profiles=_CASES, remark="请群众补充情况不停表：条例只在复核听证时停表"),
    _step(A.SUPPLEMENT,        (S.RECEIVED, S.ASSIGNED, S.ACCEPTED, S.HELD, S.REPLIED), None, (*_OWNER, *_DESK), _must("text"), _may("attachments"), profiles=_CASES),
    _step(A.CONTACT,           (S.ASSIGNED, S.ACCEPTED),       None,       (*_HOLDER, *_CO),        _must("text"),
          law="国办发〔2020〕53号；国办发〔2019〕51号（回访核实）"),
    _step(A.CO_ASSIGN,         (S.ASSIGNED, S.ACCEPTED),       None,       (*_DESK, *_HOLDER),      _must("units", "task"), profiles=_CASES,
          law="信访工作条例 第二十四条"),
    _step(A.CO_REPLY,          (S.ASSIGNED, S.ACCEPTED, S.HELD), None,     _CO,                     _must("text"), profiles=_CASES, public=False, remark="协办意见交主办单位汇总，不直接答复群众"),
    _step(A.ASK_EXTENSION,     (S.ACCEPTED,),                  None,       ((R.CLERK, W.HOLDER),),  _must("reason", "days"), profiles=_CASES, public=False),
    _step(A.EXTEND,            (S.ACCEPTED,),                  None,       _LEAD,                   _must("reason", "days"), profiles=_CASES, most=1,
          law="信访工作条例 第三十四条", remark="只能延一次，由单位负责人批准并告知理由"),
    _step(A.REFUSE_EXTENSION,  (S.ACCEPTED,),                  None,       _LEAD,                   _must("reason"), profiles=_CASES, public=False, answers=A.ASK_EXTENSION),
    _step(A.HOLD,              (S.ACCEPTED,),                  S.HELD,     _LEAD,                   _must("reason", "target_day"), profiles=_HOTLINE,
          law="济南市12345条例 第二十四条第三项（挂账）", remark="挂账须负责人批准、写明目标日，单列统计"),
    _step(A.RESUME,            (S.HELD,),                      S.ACCEPTED, (*_HOLDER, *_OVER),      (), _may("reason"), profiles=_HOTLINE),
    _step(A.REPLY,             (S.ACCEPTED,),                  S.REPLIED,  _HOLDER,                 _must("text"), _may("outcome", "public", "attachments"), profiles=_CASES,
          law="信访工作条例 第三十二条、第三十四条"),
    _step(A.PUBLISH,           (S.REPLIED, S.CLOSED),          None,       (*_DESK, *_LEAD),        _must("title", "question", "answer"), profiles=_CASES, kinds=frozenset(K) - {K.REPORT, K.RECTIFY},
          public=False, law="个人信息保护法 第二十五条", remark="只有本人同意公开、脱敏后的文字才能公开"),
    _step(A.UNPUBLISH,         (S.REPLIED, S.CLOSED),          None,       (*_DESK, *_LEAD, *_OVER), _must("reason"), profiles=_CASES, answers=A.PUBLISH,
          public=False, law="个人信息保护法 第四十七条", remark="本人要求或发现含个人信息时撤下"),
    _step(A.WITHDRAW,          (S.RECEIVED, S.ASSIGNED, S.ACCEPTED, S.HELD), S.WITHDRAWN, _OWNER,    (), _may("reason"), profiles=_CASES),
    _step(A.URGE,              (S.RECEIVED, S.ASSIGNED, S.ACCEPTED, S.HELD), None, (*_OWNER, *_OVER, *_DESK), (), _may("text"), most=20),
    _step(A.SUPERVISE,         (S.RECEIVED, S.ASSIGNED, S.ACCEPTED, S.HELD, S.REPLIED), None, _OVER, _must("reason"), _may("target_day"),
          law="信访工作条例 第四十条（督办）"),
    _step(A.ANSWER_SUPERVISION, (S.ASSIGNED, S.ACCEPTED, S.HELD, S.REPLIED), None, _HOLDER,         _must("text"), public=False, answers=A.SUPERVISE, law="信访工作条例 第四十条"),
    _step(A.RATE,              (S.REPLIED, S.CLOSED),          None,       _OWNER,                  _must("level"), _may("desk_level", "tags", "text", "anonymous"), profiles=_PETITION, most=2,
          law="信访工作条例 第二十一条；国信发〔2022〕11号 第三条", remark="信访部门和责任单位分开评价；一次评价加一次追评"),
    _step(A.RATE,              (S.REPLIED, S.CLOSED),          None,       _OWNER,                  _must("level"), _may("tags", "text", "anonymous"), profiles=_HOTLINE, most=2,
          law="信访工作条例 第二十一条；国办发〔2019〕51号", remark="一次评价加一次追评"),
    _step(A.REVIEW,            (S.REPLIED,),                   S.RECEIVED, _OWNER,                  _must("reason"), profiles=_PETITION, kinds=frozenset({K.APPEAL}), stages=frozenset({Stage.FIRST}), most=1,
          law="信访工作条例 第三十五条（复查）"),
    _step(A.RE_REVIEW,         (S.REPLIED,),                   S.RECEIVED, _OWNER,                  _must("reason"), profiles=_PETITION, kinds=frozenset({K.APPEAL}), stages=frozenset({Stage.REVIEW}), most=1,
          law="信访工作条例 第三十六条（复核）"),
    _step(A.REOPEN,            (S.REPLIED,),                   S.ACCEPTED, (*_OWNER, *_OVER, *_DESK), _must("reason"), profiles=_HOTLINE, most=1,
          law="济南市12345条例 第二十七条（退回再办）"),
    _step(A.MERGE,             (S.RECEIVED, S.ASSIGNED),       S.MERGED,   _DESK,                   _must("case", "reason"), profiles=_CASES,
          law="信访工作条例 第十九条第三款", remark="并案后两案记录都保留"),
    _step(A.RECTIFY,           (S.ACCEPTED,),                  S.REPLIED,  _HOLDER,                 _must("text"), profiles=_RATING, law="国办发〔2019〕51号（立行立改、限期整改）"),
    _step(A.EXPLAIN,           (S.ACCEPTED,),                  S.REPLIED,  _HOLDER,                 _must("text"), profiles=_RATING, law="国办发〔2019〕51号（解释说明）"),
    _step(A.CALL_BACK,         (S.REPLIED,),                   S.CLOSED,   (*_DESK, *_OVER),        _must("outcome", "text"), _may("contacted", "solved"), law="国办发〔2019〕51号（回访整改）；国办发〔2020〕53号（回访）",
          remark="由受理窗口或监督部门回访，不由被评价单位自己回访"),
    _step(A.NOTE,              (S.RECEIVED, S.ASSIGNED, S.ACCEPTED, S.HELD, S.REPLIED, S.CLOSED), None, (*_DESK, *_HOLDER, *_CO, *_OVER), _must("text"), public=False),
    _step(A.CLOSE,             (S.REPLIED,),                   S.CLOSED,   (*_SYSTEM, *_DESK, *_HOLDER), (), _may("reason"), remark="评价期满自动办结，窗口和承办单位也可以结"),
)
# fmt: on


@dataclass(frozen=True, slots=True)
class CaseState:
    """What the rules need to know of a case now."""

    kind: Kind
    profile: Profile
    status: Status
    stage: Stage = Stage.FIRST
    done: Mapping[Act, int] = field(default_factory=dict)  # acts so far in this file, counted


def step_for(act: Act, profile: Profile, kind: Kind, stage: Stage) -> Step | None:
    """The row that holds for the act in this rule book, kind and stage."""
    for step in STEPS:
        if step.act is act and profile in step.profiles and kind in step.kinds and stage in step.stages:
            return step
    return None


def steps_from(state: CaseState) -> tuple[Step, ...]:
    """All rows that may happen now, whoever asks."""
    return tuple(
        step
        for step in STEPS
        if state.status in step.sources
        and state.profile in step.profiles
        and state.kind in step.kinds
        and state.stage in step.stages
        and not _used_up(step, state)
    )


def decide(state: CaseState, act: Act, data: Mapping[str, object]) -> Step:
    """The row by which `act` may happen now with what it brings.

    Raises NotNow (wrong status, or too often) and Invalid (something needed is missing or wrong).
    """
    step = step_for(act, state.profile, state.kind, state.stage)
    if step is None or state.status not in step.sources or _used_up(step, state):
        raise NotNow(act=act.value, status=state.status.value)
    check_needs(step, data)
    return step


def check_needs(step: Step, data: Mapping[str, object]) -> None:
    """Raises Invalid naming each need that is missing or out of its limits."""
    faults = {
        need.name: fault
        for need in (*step.needs, *step.may)
        if (fault := _fault(need, data.get(need.name))) is not None
    }
    if faults:
        raise Invalid(faults)


def _used_up(step: Step, state: CaseState) -> bool:
    done = state.done.get(step.act, 0)
    if step.answers is not None and done >= state.done.get(step.answers, 0):
        return True
    return step.most is not None and done >= step.most


def _fault(need: Need, value: object) -> str | None:
    missing = value is None or value == "" or value == [] or value == ()
    if missing:
        return None if need.optional else "missing"
    match need.sort:
        case "number" | "level":
            if isinstance(value, bool) or not isinstance(value, int):
                return "not_a_number"
            return None if need.least <= value <= need.most else "out_of_range"
        case "decimal":
            if isinstance(value, bool) or not isinstance(value, int | float):
                return "not_a_number"
            return None if 0 <= value <= need.most else "out_of_range"
        case "switch":
            return None if isinstance(value, bool) else "not_a_switch"
        case "units" | "tags" | "files":
            if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
                return "not_a_list"
            return "too_long" if any(len(item) > NEEDS["unit"].most for item in value) else None
        case _:
            if not isinstance(value, str):
                return "not_text"
            if not value.strip():
                return None if need.optional else "missing"
            return "too_long" if len(value) > need.most else None
