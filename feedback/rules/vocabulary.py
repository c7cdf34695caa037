"""Enumerations of the case file: kinds, profiles, channels, stages, statuses, roles, acts and conditions. No I/O."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class LinkKind(StrEnum):
    """How a case belongs to an earlier one."""

    REPEAT_OF = "repeat_of"  # the same person, the same matter: 重件
    CAMPAIGN = "campaign"  # other people, the same matter: 群体、同类
    MERGED_INTO = "merged_into"
    SPLIT_FROM = "split_from"
    NEW_FACTS_OF = "new_facts_of"  # the same person with new facts: a case of its own


class LinkState(StrEnum):
    """Whether somebody decided about a link."""

    PROPOSED = "proposed"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


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
    MAILBOX = "mailbox"


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
    DIVERTED = "diverted"
    TERMINATED = "terminated"


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
    ENDORSE_EXTENSION = "endorse_extension"
    CO_ASSIGN = "co_assign"
    CO_REPLY = "co_reply"
    REPLY = "reply"
    PUBLISH = "publish"
    UNPUBLISH = "unpublish"
    WITHDRAW_CONSENT = "withdraw_consent"
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
    ASK_HOLD = "ask_hold"
    REFUSE_HOLD = "refuse_hold"
    RESUME = "resume"
    RECTIFY = "rectify"
    EXPLAIN = "explain"
    CALL_BACK = "call_back"
    NOTE = "note"
    CLOSE = "close"
    DIVERT = "divert"
    OBJECT = "object"
    REFUSE_OBJECTION = "refuse_objection"
    REPORT_BACK = "report_back"
    MEDIATE = "mediate"
    DELIVER = "deliver"
    HEARING = "hearing"
    END_HEARING = "end_hearing"
    PROGRESS = "progress"
    TRANSFER = "transfer"
    REPORT_UP = "report_up"
    RECUSE = "recuse"
    AUDIT = "audit"
    REFOLD = "refold"
    NAME_UNIT = "name_unit"
    ASK_DECLINE = "ask_decline"
    REFUSE_DECLINE = "refuse_decline"
    ASK_DIVERT = "ask_divert"
    REFUSE_DIVERT = "refuse_divert"
    CONTEST = "contest"
    OVERTURN = "overturn"
    DRAFT_REPLY = "draft_reply"
    SIGN_REPLY = "sign_reply"
    SEND_BACK_DRAFT = "send_back_draft"
    CHANGE_KIND = "change_kind"
    ANSWER_MERGED = "answer_merged"
    UNMERGE = "unmerge"
    REDO = "redo"
    SUCCEED = "succeed"
    INHERIT = "inherit"
    TERMINATE = "terminate"
    ASK_CORRECTION = "ask_correction"
    CORRECT = "correct"
    REFUSE_CORRECTION = "refuse_correction"
    ASK_ERASURE = "ask_erasure"
    ERASE = "erase"
    REFUSE_ERASURE = "refuse_erasure"
    ASK_RESTRICTION = "ask_restriction"
    RESTRICT = "restrict"
    REFUSE_RESTRICTION = "refuse_restriction"
    ADD_PARTY = "add_party"
    SET_MARKER = "set_marker"
    LIFT_MARKER = "lift_marker"
    TO_ORDINARY = "to_ordinary"
    NOTIFY_RESULT = "notify_result"
    NOTIFY_PERSONNEL = "notify_personnel"


REPLIES = frozenset({Act.REPLY, Act.ANSWER_MERGED})
"""Acts that answer a matter: its own answer, or that of the case it was merged into."""

ANSWERING_ACTS = REPLIES | {Act.RECTIFY, Act.EXPLAIN}
"""Acts that answer whoever wrote, a rating included."""


PERSON_ACTS = frozenset(
    {
        *(Act.ASK_CORRECTION, Act.CORRECT, Act.REFUSE_CORRECTION),
        *(Act.ASK_ERASURE, Act.ERASE, Act.REFUSE_ERASURE),
        *(Act.ASK_RESTRICTION, Act.RESTRICT, Act.REFUSE_RESTRICTION),
    }
)
"""Acts on a person's own data: they stand beside the matter, whose status and limits they leave alone."""


class Condition(StrEnum):
    """What a step may depend on besides the status, computed from what happened (table CONDITION_RULES)."""

    OBJECTED = "objected"  # an objection waits for the desk
    OVERRULED = "overruled"  # the desk did not agree to the objection
    DESIGNATED = "designated"  # the desk has the last word on who handles it
    RETURNED_OUT = "returned_out"  # returned as often as may be
    EXTENSION_ASKED = "extension_asked"
    EXTENSION_ENDORSED = "extension_endorsed"  # the unit's head agreed, the 12345 centre has yet to
    HOLD_ASKED = "hold_asked"  # the unit's head asks the 12345 centre to put an order on account
    EXTENDABLE = "extendable"  # a clock runs that may be made longer; computed from the clocks
    SUPERVISED = "supervised"  # a supervision waits for its answer
    PUBLISHED = "published"
    COMMISSIONED = "commissioned"  # 交办: a report back is owed
    HEARING = "hearing"  # a hearing is being held
    DELIVERED = "delivered"  # the last answer was handed over
    AUDITED = "audited"  # the last result was looked through
    FINISHED = "finished"  # closed, and nobody was found dissatisfied
    UNIT_UNKNOWN = "unit_unknown"  # an imported answer whose unit nobody knows yet
    DECLINE_ASKED = "decline_asked"  # the unit asks not to accept; the centre, or the unit's head, has yet to decide
    DIVERT_ASKED = "divert_asked"  # a clerk asks for a legal route; the unit's head has yet to decide
    IN_REVIEW = "in_review"  # a review or re-review was asked for
    DRAFT_PENDING = "draft_pending"  # an answer is written and waits for the unit's head to sign it
    MINOR = "minor"  # the petitioner is not of age
    TO_DELIVER = "to_deliver"  # an answer was given and nobody recorded yet that it was received
    SIMPLE = "simple"  # handled under the simple procedure
    DIRECT = "direct"  # the desk keeps the matter itself; computed from desk and unit
    CORRECTION_ASKED = "correction_asked"  # a person asks to have their data corrected; the desk has yet to decide
    ERASURE_ASKED = "erasure_asked"
    RESTRICTION_ASKED = "restriction_asked"
    ERASED = "erased"  # texts and persons are destroyed: nothing more can be done
    NO_CONTACT = "no_contact"  # the person refused to be called
    NO_MACHINE = "no_machine"  # the person refused that a program classifies, assigns or learns


class RestrictionScope(StrEnum):
    """What use of their data a person refuses (个人信息保护法 第四十四条)."""

    PUBLICATION = "publication"
    CONTACT = "contact"
    MACHINE = "machine"


class Whose(StrEnum):
    """Which unit a staff role must belong to for a step."""

    DESK = "desk"  # the case's reception desk
    OTHER_DESK = "other_desk"  # the case's reception desk, unless it handles the case itself
    HOLDER = "holder"  # the unit that leads the case now
    CO = "co"  # a co-unit now
    ORDERED = "ordered"  # a unit a supervision order is addressed to and waits for
    OVERSEER = "overseer"  # above the units, by office
    OTHER_OVERSEER = "other_overseer"  # the same, unless they belong to the unit that leads the case
    OWNER = "owner"  # the citizen whose case it is
    NOBODY = "nobody"  # the system itself


STAGE_AFTER: Mapping[Act, Stage] = MappingProxyType(
    {Act.REVIEW: Stage.REVIEW, Act.RE_REVIEW: Stage.RE_REVIEW, Act.REDO: Stage.FIRST}
)
