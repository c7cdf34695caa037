"""What can be said wrongly at each door? For every POST a form that is right, and what makes each of its fields wrong."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

LONG = "长" * 100_000
MANY_DIGITS = "9" * 100_000
NOTHING_PRINTED = "\x00\x07\x1b"
NO_SUCH = "不存在的"

WRONG: Mapping[str, Mapping[str, Any]] = {
    # must be brought, words of limited length
    "text": {"left out": "", "blanks": " 　\n", "control characters": NOTHING_PRINTED, "far too long": LONG},
    # may be left out
    "words": {"far too long": LONG},
    # one of some codes
    "choice": {"unknown": NO_SUCH, "left out": "", "control characters": NOTHING_PRINTED, "far too long": LONG},
    # one of some codes, or none
    "option": {"unknown": NO_SUCH, "far too long": LONG},
    # the number of a thing there must be
    "id": {"unknown": NO_SUCH, "left out": "", "digits": "9" * 40, "far too long": LONG},
    "secret": {"left out": "", "far too long": LONG},
    "day": {"no day": "2026-02-30", "words": "明天", "long ago": "0001-01-01", "far too long": LONG},
    "number": {"nought": "0", "negative": "-1", "words": "三", "large": "9" * 20, "far too long": MANY_DIGITS},
}
"""By the sort of a field: what is wrong with it, and what is sent then."""

WRONG_JSON: Mapping[str, Mapping[str, Any]] = {
    **WRONG,
    "number": {"nought": 0, "negative": -1, "words": "三", "large": 10**20, "a list": [1]},
    "switch": {"words": "是的", "a number": 7, "a list": [True]},
    "list": {"words": NO_SUCH, "an object": {"a": 1}, "of numbers": [1, 2]},
    "numbers": {"words": NO_SUCH, "an object": {"a": 1}, "of words": [NO_SUCH]},
}
WRONG_TYPES: Mapping[str, Any] = {"a number": 7, "a switch": True, "a list": ["x"], "an object": {"a": 1}}
NO_JSON: Mapping[str, bytes] = {
    "half an object": b'{"text": ',
    "a list": b"[]",
    "null": b"null",
    "no UTF-8": b"\xff\xfe{",
    "nothing": b"",
}


@dataclass(frozen=True)
class Entry:
    """A door at which something is sent: who may, where, and a form that is right. `sorts`: how each field goes wrong."""

    route: str
    who: str
    form: Mapping[str, Any]
    sorts: Mapping[str, str]
    note: str = ""
    may_be_empty: bool = False  # sending nothing at all is right here too

    @property
    def is_json(self) -> bool:
        return self.route.startswith("/api/")

    @property
    def name(self) -> str:
        return f"{self.route} {self.note}".strip()

    def wrongs(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every way in which one field alone is wrong, with its name."""
        for field, sort in self.sorts.items():
            for what, value in (WRONG_JSON if self.is_json else WRONG)[sort].items():
                yield f"{field}: {what}", {**self.form, field: value}
            if self.is_json and sort in ("text", "choice", "id", "day"):
                for what, value in WRONG_TYPES.items():
                    yield f"{field}: {what}", {**self.form, field: value}
            if not self.is_json and sort != "words":
                yield f"{field}: twice", {**self.form, field: [self.form[field], f"{self.form[field]}另"]}
        if not self.may_be_empty:
            yield "nothing at all", {}


REASON = {"reason": "text"}
ENTRIES: tuple[Entry, ...] = (
    # --- links and campaigns
    Entry("/desk/cases/{no}/links", "reception", {"case": "{other}", "kind": "campaign"}, {"case": "id", "kind": "choice"}),
    Entry("/desk/campaigns/{no}", "clerk-jiaoyu", {"no": "{no}", "text": "已安排。"}, {"text": "text"}),
    Entry("/api/v1/cases/{no}/links", "reception", {"case": "{other}", "kind": "campaign"}, {"case": "id", "kind": "choice"}),
    Entry("/api/v1/desk/links/{link}", "reception", {"decision": "dismiss"}, {"decision": "choice"}),
    Entry("/api/v1/desk/campaigns/{no}/replies", "clerk-jiaoyu", {"cases": ["{no}"], "text": "已安排。"}, {"text": "text", "cases": "list"}),
    # --- bad ratings: disputes and exclusions
    Entry("/desk/ratings/dispute", "clerk-jiaoyu", {"id": "{rating}", "reason": "点错了"}, {"id": "id", **REASON}),
    Entry("/desk/ratings/judge", "supervisor", {"id": "{disputed}", "reason": "属实", "stands": "1"}, {"id": "id", "stands": "choice", **REASON}),
    Entry("/desk/ratings/exclude", "clerk-jiaoyu", {"no": "{no}", "reason": "不合理"}, {"no": "id", **REASON}),
    Entry("/desk/ratings/decide", "supervisor", {"no": "{asked}", "reason": "同意", "agreed": "1"}, {"no": "id", "agreed": "choice", **REASON}),
    Entry("/api/v1/desk/ratings/{rating}/dispute", "clerk-jiaoyu", {"reason": "点错了"}, REASON),
    Entry("/api/v1/desk/ratings/{disputed}/judgement", "supervisor", {"valid": True, "reason": "属实"}, {"valid": "switch", **REASON}),
    Entry("/api/v1/desk/exclusions", "clerk-jiaoyu", {"case_no": "{no}", "reason": "不合理"}, {"case_no": "id", **REASON}),
    Entry("/api/v1/desk/exclusions/{asked}", "supervisor", {"approved": True, "reason": "同意"}, {"approved": "switch", **REASON}),
    # --- calendar
    Entry("/admin/calendar", "admin", {"lines": "2026-12-30,off,调休", "remark": "临时", "source": "文件"}, {"lines": "text", "remark": "words", "source": "words"}),
    Entry("/api/v1/calendar/drafts", "admin", {"lines": "2026-12-30,off,调休", "whole_year": False, "source": "", "remark": ""}, {"lines": "text", "whole_year": "switch", "source": "words", "remark": "words"}),
    # --- oversight: proposals, measures, notices
    Entry("/board/proposals/{proposal}", "supervisor", {"why": "正在办理"}, {"why": "text"}, "dismissed"),
    Entry("/board/proposals/{proposal}", "supervisor", {"issue": "1", "reason": "请办结", "target_day": "2026-12-30"}, {"reason": "text", "target_day": "day"}, "issued"),
    Entry("/api/v1/oversight/proposals/{proposal}", "supervisor", {"issue": False, "reason": "正在办理"}, {"issue": "switch", **REASON}),
    Entry("/desk/measures/new", "supervisor", {"kind": "interview", "unit": "jiaoyu", "title": "约谈", "text": "请参加。", "due_day": "2026-12-30", "cases": ""}, {"kind": "choice", "unit": "choice", "title": "text", "text": "text", "due_day": "day", "cases": "words"}),
    Entry("/desk/measures/{measure}/answer", "lead-jiaoyu", {"text": "已整改。", "adoption": "adopted"}, {"text": "text", "adoption": "choice"}),
    Entry("/desk/measures/{measure}/withdraw", "supervisor", {"text": "发错了。"}, {"text": "text"}),
    Entry("/api/v1/oversight/measures", "supervisor", {"kind": "interview", "unit": "jiaoyu", "title": "约谈", "text": "请参加。", "due_day": "2026-12-30", "cases": []}, {"kind": "choice", "unit": "choice", "title": "text", "text": "text", "due_day": "day", "cases": "list"}),
    Entry("/api/v1/oversight/measures/{measure}/acts/answer", "lead-jiaoyu", {"text": "已整改。", "adoption": "adopted"}, {"text": "text", "adoption": "choice"}),
    Entry("/api/v1/notices/read", "clerk-jiaoyu", {"ids": [1]}, {"ids": "numbers"}, may_be_empty=True),
    Entry("/desk/notices/mail", "clerk-jiaoyu", {"mail": "a@example.cn"}, {"mail": "words"}, may_be_empty=True),
    Entry("/desk/password", "lead-jiaoyu", {"old": "demo", "new": "Bridge-of-letters", "again": "Bridge-of-letters"}, {"old": "secret", "new": "secret", "again": "secret"}),
    # --- letters and routing
    Entry("/admin/letters/marks", "admin", {"lines": "jiaoyu 云教"}, {"lines": "words"}, may_be_empty=True),
    Entry("/admin/locked", "admin", {"username": "clerk-jiaoyu"}, {"username": "id"}),
    Entry("/admin/routing/{new}", "admin", {"category": "0601", "kind": "", "region": "", "lead": "jiaoyu", "reason": "职责"}, {"category": "words", "kind": "words", "region": "words", "lead": "choice", "reason": "text"}),
    # --- the desk's own work
    Entry("/desk/bulk", "reception", {"act": "urge", "no": "{no}", "text": "请抓紧", "confirmed": "1"}, {"act": "choice", "text": "words"}, may_be_empty=True),
    Entry("/desk/register", "reception", {"channel": "visit", "kind": "complaint", "title": "噪声", "text": "夜里施工。"}, {"channel": "choice", "kind": "choice", "title": "text", "text": "text", "person.phone": "words", "region": "words"}),
    Entry("/desk/cases/{no}/acts/ask_extension", "clerk-jiaoyu", {"reason": "复杂", "days": "3"}, {"days": "number", **REASON}),
    Entry("/desk/cases/{no}/acts/endorse_extension", "lead-jiaoyu", {"reason": "复杂", "days": "3"}, {"days": "number", **REASON}),
    Entry("/desk/cases/{no}/acts/ask_hold", "lead-jiaoyu", {"reason": "待工程", "target_day": "2026-12-30"}, {"target_day": "day", **REASON}),
    Entry("/desk/cases/{no}/acts/reply", "clerk-jiaoyu", {"text": "已办。"}, {"text": "text"}),
    Entry("/desk/cases/{no}/acts/recuse", "lead-jiaoyu", {"staff": "clerk-jiaoyu", "reason": "亲属"}, {"staff": "choice", **REASON}),
    Entry("/desk/cases/{no}/acts/co_assign", "reception", {"units": "chengguan", "task": "协助"}, {"units": "choice", "task": "text"}),
    Entry("/desk/cases/{fresh}/acts/assign", "reception", {"unit": "jiaoyu", "mode": "commission", "target_day": "2026-12-30"}, {"unit": "choice", "mode": "choice", "target_day": "day"}),
    Entry("/desk/cases/{fresh}/acts/transfer", "reception", {"desk": "xinfang", "reason": "属地"}, {"desk": "choice", **REASON}),
    Entry("/desk/cases/{fresh}/acts/merge", "reception", {"case": "{no}", "reason": "同一件"}, {"case": "id", **REASON}),
    Entry("/desk/cases/{fresh}/acts/decline", "reception", {"reason": "不属于", "where_instead": "市场", "ground": "outside_duty"}, {"ground": "option", "where_instead": "text", **REASON}),
    Entry("/desk/cases/{fresh}/route", "reception", {"unit": "jiaoyu", "category": "0601"}, {"unit": "choice"}),
    Entry("/desk/cases/{no}/preview", "clerk-jiaoyu", {"act": "reply", "text": "已办。"}, {"act": "choice", "text": "text"}),
    Entry("/desk/cases/{no}/letters", "clerk-jiaoyu", {"act": "reply", "text": "已办。"}, {"text": "text"}),
    Entry("/api/v1/cases/{no}/acts/ask_extension", "clerk-jiaoyu", {"reason": "复杂", "days": 3}, {"days": "number", **REASON}),
    Entry("/api/v1/cases/{no}/acts/ask_hold", "lead-jiaoyu", {"reason": "待工程", "target_day": "2026-12-30"}, {"target_day": "day", **REASON}),
    Entry("/api/v1/cases/{fresh}/acts/assign", "reception", {"unit": "jiaoyu", "mode": "commission", "target_day": "2026-12-30"}, {"unit": "choice", "mode": "choice", "target_day": "day"}),
    Entry("/api/v1/classify", "reception", {"title": "路灯", "text": "路灯不亮"}, {"title": "words", "text": "words"}, may_be_empty=False),
    # --- citizens
    Entry("/case/acts/supplement", "citizen", {"text": "补充一点。"}, {"text": "text"}),
    Entry("/lookup", "citizen", {"code": "123456789012", "check": "{no}"}, {"code": "id", "check": "id"}),
    Entry("/rate/service", "citizen", {"handling_no": "BJ1", "matter": "{matter}", "level": "5", "pf": "1"}, {"level": "number", "matter": "choice", "handling_no": "text", "text": "words"}),
    Entry("/new/1", "citizen", {"kind": "complaint"}, {"kind": "choice"}),
    Entry("/new/2", "citizen", {"title": "噪声", "text": "夜里施工。"}, {"title": "text", "text": "text", "region": "words", "address": "words"}),
    Entry("/api/v1/cases", "citizen", {"kind": "complaint", "title": "噪声", "text": "夜里施工。", "channel": "app"}, {"kind": "choice", "channel": "choice", "title": "text", "text": "text", "region": "words", "address": "words", "source_id": "words", "attachments": "list"}),
    Entry("/api/v1/ratings", "citizen", {"handling_no": "BJ1", "matter": "{matter}", "level": 5}, {"level": "number", "matter": "choice", "handling_no": "text", "text": "words", "tags": "list"}),
)  # fmt: skip

BUTTONS = {
    "POST /desk/links/{id}/{what}": "a button; the link and the decision stand in the address",
    "POST /desk/notices/read": "ticks; numbers of somebody else's notices mark nothing",
    "POST /desk/register/check": "looks only; what is typed is checked when it is registered",
    "POST /desk/register/drop": "a button",
    "POST /api/v1/calendar/drafts/{number}/apply": "a button; the draft stands in the address",
    "POST /api/v1/calendar/drafts/{number}/again": "a button",
    "POST /api/v1/calendar/editions/{name}/restore": "a button",
    "POST /admin/calendar/drafts/{number:int}/apply": "a button",
    "POST /admin/calendar/drafts/{number:int}/again": "a button",
    "POST /admin/calendar/editions/{name}/restore": "a button",
    "POST /admin/learning/back": "a button",
    "POST /admin/learning/train": "a button",
    "POST /admin/learning/{id}/promote": "a button; an unknown release is not found",
    "POST /admin/routing/{id}/drop": "a button",
    "POST /admin/letters/{code}": "takes a file: tests/endpoints/test_letter_admin.py",
    "POST /admin/letters/{code}/drop": "a button",
    "POST /api/v1/letters/{code}": "takes a file: tests/endpoints/test_api_letters.py",
    "POST /api/v1/letters/{code}/restore": "a button",
    "POST /login/code": "a code is right for a minute, once: tests/endpoints/test_second_factor.py",
    "POST /desk/second-factor": "likewise",
    "POST /desk/second-factor/off": "likewise",
    "POST /api/v1/attachments": "takes a file: tests/endpoints/test_api_cases.py",
    "POST /api/v1/releases": "a button",
    "POST /api/v1/releases/back": "a button",
    "POST /api/v1/releases/{id}/promote": "a button",
    "POST /api/v1/sessions": "the log-in: tests/endpoints/test_api_staff.py",
    "POST /api/v1/sessions/wx": "the log-in: tests/endpoints/test_api_wechat.py",
    "POST /login": "the log-in: tests/endpoints/test_desk_pages.py",
    "POST /logout": "a button",
    "POST /case/leave": "a button",
    "POST /new/clear": "a button",
    "POST /new/shared": "sent by a script: tests/endpoints/test_shared_computer.py",
    "POST /new/danger": "looks at whatever is typed and refuses none of it",
    "POST /api/v1/uploads": "takes headers alone: tests/endpoints/test_partial_uploads.py",
    "POST /api/v1/sessions/phone": "the log-in: tests/endpoints/test_api_me.py",
    "POST /api/v1/sessions/phone/verify": "likewise",
    "POST /api/v1/me/older-cases": "needs a telephone that was proved: tests/endpoints/test_api_me.py",
    "POST /api/v1/me/cases/{no}/acts/{act}": "the same as /api/v1/cases/{no}/acts/{act}",
    "POST /api/v1/me/cases/{no}/code": "a button",
    "POST /me/login": "the log-in: tests/endpoints/test_me_pages.py",
    "POST /me/login/code": "likewise",
    "POST /me/logout": "a button",
    "POST /me/older": "needs a telephone that was proved: tests/endpoints/test_me_pages.py",
    "POST /me/cases/{no}/code": "a button",
    "POST /me/devices/end": "a button",
    "POST /me/data/correct": "needs a telephone that was proved: tests/endpoints/test_me_pages.py",
    "POST /me/data/erase": "a button with a tick",
    "POST /desk/query-codes": "looks only: tests/endpoints/test_for_whom.py",
    "POST /desk/query-codes/{no}": "a choice and a remark: tests/endpoints/test_for_whom.py",
    "POST /api/v1/handlings": "the unit's own register: tests/flows/test_handlings.py",
    "POST /desk/handlings": "likewise",
    "POST /api/callbacks/sms": "a gateway's, signed: tests/flows/test_short_messages.py",
    "POST /api/callbacks/sms-aliyun/{key}": "a provider's: tests/flows/test_message_providers.py",
    "POST /desk/phone-calls/{id}": "a button",
    "POST /n/{token}": "choices of a signed link: tests/flows/test_short_messages.py",
}
"""Doors at which nothing is typed, or whose wrong words are tried elsewhere, each with its reason."""
