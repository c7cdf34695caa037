"""Does one petition fare by the law for half a year, on a real server, over HTTP, whatever day it is?

    python -m tests.bench.live_travel [--database postgres://…] [--letters FOLDER]

The server is shut and opened again on the same data at each stop, later by XINQIAO_NOW: a notice a day too late, an
extension, an opinion on the first working day after the National Day, a review asked for in the last hour, a re-review
with a hearing, on into 2027 whose days off nobody has announced. At each stop citizen's page, desk page, board,
letters and key figures must say what is written here by hand: 日 counted from the day after, a last day off moved on
(民法典 第二百零一条、第二百零三条), off from 1 to 7 October 2026, 10 October a working Saturday.

Exit 1 when anything says something else.
"""

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

from tests.bench.travelling import BrokenOffError, Browser, House, Letter, Notes, plain, wait

UNIT, ABOVE, CITY = "ziran", "quzhengfu", "shi-zhengfu"
UNIT_NAME, ABOVE_NAME, CITY_NAME = "云川区自然资源和规划局", "云川区人民政府办公室", "云平市人民政府办公室"
PROVISIONAL = "下一年放假安排公布后可能调整"
CASE = "/case"
PETITION = {
    "title": "征地补偿款少算了两亩",
    "text": "我家的承包地去年被征收，补偿时少算了两亩，请重新核算并补发。",
}


class Travel:
    """One petition, everybody's hands on it, and what they see."""

    def __init__(self, house: House, notes: Notes) -> None:
        self.house, self.notes = house, notes
        self.anna: Browser = house.citizen()
        self.no = self.code = ""

    @property
    def desk_page(self) -> str:
        return f"/desk/cases/{self.no}"

    # ---- what people do ----

    def hand_in(self) -> None:
        """The four short steps, then the number and the code from the receipt."""
        self.anna.post("/new/1", {"kind": "appeal"})
        self.anna.post("/new/2", {**PETITION, "region": "", "address": "清波社区"})
        self.anna.post("/new/3", {"person.name": "安小娜", "person.phone": "13900001234", "person.id_number": ""})
        where = self.anna.post("/new/4", {})
        page = self.anna.get(where)
        self.no = where.rsplit("/", 1)[1]
        self.code = "".join(re.findall(r"<span>(\d{4})</span>", page))
        self.notes.says("receipt", plain(page), self.no, "2026 年 7 月 13 日（周一）")

    def look_up(self) -> str:
        """Anna opens her case by number and code, as somebody who comes back."""
        self.anna = self.house.citizen()
        self.anna.post("/lookup", {"check": self.no, "code": self.code})
        return plain(self.anna.get(CASE))

    def does(self, who: str, act: str, **typed: str) -> None:
        with self.house.staff(who) as browser:
            browser.press(self.desk_page, act, **typed)

    def asks(self, act: str, reason: str, until: str) -> None:
        """Anna asks for the next stage; the case is sent to whoever decides."""
        self.look_up()
        self.anna.press(CASE, act, reason=reason)
        wait(lambda: until in plain(self.anna.get(CASE)), f"the {act} reaches nobody")

    # ---- what they must see ----

    def citizen_sees(self, *wanted: str, never: tuple[str, ...] = ()) -> None:
        self.notes.says("citizen page", self.look_up(), *wanted, never=never)

    def staff_sees(self, who: str, *wanted: str, never: tuple[str, ...] = ()) -> None:
        with self.house.staff(who) as browser:
            self.notes.says(f"desk page of {who}", plain(browser.get(self.desk_page)), *wanted, never=never)

    def staff_may(self, who: str, may: Iterable[str] = (), may_not: Iterable[str] = ()) -> None:
        with self.house.staff(who) as browser:
            offered = set(browser.offers(self.desk_page))
        self._offered(f"buttons of {who}", offered, set(may), set(may_not))

    def citizen_may(self, may: Iterable[str] = (), may_not: Iterable[str] = ()) -> None:
        self.look_up()
        self._offered("the citizen's buttons", set(self.anna.offers(CASE)), set(may), set(may_not))

    def _offered(self, whose: str, offered: set[str], may: set[str], may_not: set[str]) -> None:
        for act in sorted(may | may_not):
            self.notes.same(f"{whose}: {act}", act in offered, act in may)

    def board(self, late: int, near: int, calm: int) -> None:
        """The overseer's board, in which there is no other case."""
        with self.house.staff("supervisor") as browser:
            html = browser.get("/board")
        words = plain(html).split()
        shown = [int(words[words.index(name) + 1]) for name in ("超期", "临期", "正常")]
        self.notes.same("board: late, near, in time", shown, [late, near, calm])

    def letter(self, title: str, *states: str, staff: str = "") -> None:
        """The letter, read out of its PDF."""
        if staff:
            with self.house.staff(staff) as browser:
                letter = browser.letter(self.desk_page, title)
        else:
            self.look_up()
            letter = self.anna.letter(CASE, title)
        self._keep(letter)
        self.notes.says(f"letter {title}", letter.text, title, letter.number, *states)

    def _keep(self, letter: Letter) -> None:
        letter.keep(self.notes.folder)

    def figure(self, period: str, unit: str, code: str, top: float, base: int) -> None:
        figure = self.house.kpis(period).get(unit, {}).get(code, {"top": None, "base": None})
        self.notes.same(f"{code} of {unit} in {period}", (figure["top"], figure["base"]), (top, base))


def travel(house: House, notes: Notes) -> None:
    """The whole way. Every day in it was counted by hand."""
    trip = Travel(house, notes)
    clerk, head = f"clerk-{UNIT}", f"lead-{UNIT}"

    notes.stop("2026-07-13 Mon 09:00", "Anna hands in: 15 日 to send it on, 90 日 to answer")
    with house.at("2026-07-13T09:00:00+08:00"):
        trip.hand_in()
        # +90 日 is 10-11, a Sunday; 10-10 is a working Saturday, so it moves to Monday.
        trip.citizen_sees("2026 年 7 月 28 日（周二）前", "2026 年 10 月 12 日（周一）前", "给您答复")
        trip.staff_sees("reception", "登记转送交办", "2026 年 7 月 28 日（周二）前", "信访工作条例 第二十二条")
        trip.board(late=0, near=0, calm=1)
        notes.same("a form from another site is refused", trip.anna.is_refused_from_elsewhere("/case/acts/urge"), True)

    notes.stop("2026-07-14 Tue 09:30", "the desk sends it to the unit: 15 日 to tell her, 5 工作日 to object")
    with house.at("2026-07-14T09:30:00+08:00"):
        trip.does("reception", "assign", unit=UNIT, reason="属于征地补偿事项")
        trip.letter(
            "信访事项转送单", "2026年7月29日", "2026年7月21日", "《信访工作条例》第二十二条", UNIT_NAME, staff=clerk
        )
        trip.citizen_sees("2026 年 7 月 29 日（周三）前", UNIT_NAME, never=("转送单",))
        trip.staff_sees(clerk, "2026 年 7 月 29 日（周三）前", "2026 年 7 月 21 日（周二）前", "第二十三条第三款")
        trip.staff_may(clerk, may=("accept", "object"), may_not=("return", "reply"))
        trip.figure("2026-07", "rexian", "timely_forwarding", 1, 1)

    notes.stop("2026-07-22 Wed 09:00", "the right to object has lapsed the evening before")
    with house.at("2026-07-22T09:00:00+08:00"):
        trip.staff_may(clerk, may=("accept",), may_not=("object", "return"))
        trip.board(late=0, near=0, calm=1)

    notes.stop("2026-07-29 Wed 23:50", "the last ten minutes of the notice")
    with house.at("2026-07-29T23:50:00+08:00"):
        trip.board(late=0, near=1, calm=0)
        trip.staff_sees(clerk, "分钟", "2026 年 7 月 29 日（周三）前", never=("已超",))

    notes.stop("2026-07-30 Thu 09:00", "a day too late, she is told: 60 日 to decide")
    with house.at("2026-07-30T09:00:00+08:00"):
        trip.board(late=1, near=0, calm=0)
        trip.staff_sees(clerk, "已超 1 个工作日")
        trip.figure("2026-07", UNIT, "timely_notice", 0, 1)
        trip.does(clerk, "accept", text="请保持电话畅通。")
        trip.letter(
            *("信访事项受理告知书", "安小娜", "2026年7月13日", "2026年7月30日", "2026年9月28日", "请保持电话畅通"),
            *(trip.no, "《信访工作条例》第二十三条", UNIT_NAME),
        )
        trip.citizen_sees("2026 年 9 月 28 日（周一）前", "信访工作条例 第三十四条")
        trip.staff_sees(clerk, "受理告知", "超期")
        trip.board(late=0, near=0, calm=1)
        trip.figure("2026-07", UNIT, "timely_notice", 0, 1)

    notes.stop("2026-09-21 Mon 10:00", "the clerk asks for 7 日 more, the head approves")
    with house.at("2026-09-21T10:00:00+08:00"):
        trip.staff_may(clerk, may=("ask_extension", "reply"), may_not=("extend",))
        trip.does(clerk, "ask_extension", reason="需要重新丈量", days="7")
        trip.does(head, "extend", reason="需要重新丈量", days="7")
        # 9-28 + 7 is 10-05, a day off until 10-07; the citizen's own 10-11 + 7 is a Sunday.
        trip.letter("延期办理告知书", "延长办理期限7日", "2026年10月8日", "需要重新丈量", "《信访工作条例》第三十四条")
        trip.citizen_sees("2026 年 10 月 8 日（周四）前", "2026 年 10 月 19 日（周一）前", "需要重新丈量")
        trip.staff_may(head, may=("reply",), may_not=("extend",))

    notes.stop("2026-10-07 Wed 12:00", "the plain last day is over, the legal one is not")
    with house.at("2026-10-07T12:00:00+08:00"):
        trip.board(late=0, near=1, calm=0)
        trip.staff_sees(clerk, "2026 年 10 月 8 日（周四）前", never=("已超",))

    notes.stop("2026-10-08 Thu 16:00", "the opinion: not supported; 30 日 to ask for a review")
    with house.at("2026-10-08T16:00:00+08:00"):
        facts = {"facts": "现场复测面积与登记一致。", "basis": "《土地管理法》第四十八条"}
        trip.does(head, "reply", text="经复测，面积无误，不予补发。", outcome="reject", **facts)
        # 10-08 + 30 is 11-07, a Saturday.
        trip.letter(
            *("信访事项处理意见书", "2026年10月8日", "请求" + ABOVE_NAME + "复查", "2026年11月9日", "不予支持"),
            *("《信访工作条例》第三十一条第六项、第三十二条、第三十四条", "《土地管理法》第四十八条", "三十日内"),
        )
        trip.citizen_sees("2026 年 11 月 9 日（周一）前", "经复测，面积无误", "信访工作条例 第三十五条")
        trip.citizen_may(may=("review", "rate"), may_not=("re_review",))
        trip.board(late=0, near=0, calm=0)
        trip.figure("2026-10", UNIT, "timely_conclusion", 1, 1)

    notes.stop("2026-10-19 Mon 09:00", "she received it on 10-16: her 30 日 count from that day")
    with house.at("2026-10-19T09:00:00+08:00"):
        trip.does(clerk, "deliver", day="2026-10-16", way="post")
        # 10-16 + 30 is 11-15, a Sunday.
        trip.letter("送达回证", "《信访事项处理意见书》", "2026年10月16日", "邮寄送达", "2026年11月16日", staff=clerk)
        trip.citizen_sees("2026 年 11 月 16 日（周一）前", never=("2026 年 11 月 9 日",))

    notes.stop("2026-11-16 Mon 23:30", "in the last half hour she asks for the review")
    with house.at("2026-11-16T23:30:00+08:00"):
        trip.citizen_may(may=("review",))
        trip.asks("review", "丈量时我不在场", until=f"已派到{ABOVE_NAME}")
        # 11-16 + 30 is 12-16, a Wednesday.
        trip.citizen_sees("复查", "2026 年 12 月 16 日（周三）前", "信访工作条例 第三十五条")
        trip.staff_sees(f"clerk-{ABOVE}", "作出复查意见", "2026 年 12 月 16 日（周三）前", "丈量时我不在场")
        trip.board(late=0, near=0, calm=1)

    notes.stop("2026-11-18 Wed 10:00", "the unit above takes the review")
    with house.at("2026-11-18T10:00:00+08:00"):
        trip.does(f"clerk-{ABOVE}", "accept")
        trip.letter(
            "信访事项复查受理告知书", UNIT_NAME, "丈量时我不在场", "2026年12月16日", "《信访工作条例》第三十五条"
        )
        trip.staff_may(f"lead-{ABOVE}", may=("reply",), may_not=("extend", "ask_extension"))

    notes.stop("2026-12-16 Wed 17:00", "the review upholds it on its last day")
    with house.at("2026-12-16T17:00:00+08:00"):
        trip.board(late=0, near=1, calm=0)
        trip.does(f"lead-{ABOVE}", "reply", text="维持原处理意见。", outcome="uphold", **facts)
        # 12-16 + 30 is 2027-01-15, a Friday of a year without a notice.
        trip.letter(
            "信访事项复查意见书", ABOVE_NAME, "复核", "2027年1月15日", "《信访工作条例》第三十五条", "维持原处理意见"
        )
        trip.citizen_sees("2027 年 1 月 15 日（周五）前", PROVISIONAL)
        trip.staff_sees(f"clerk-{ABOVE}", "作出复查意见", "按期")
        trip.citizen_may(may=("re_review",), may_not=("review",))

    notes.stop("2026-12-21 Mon 09:00", "received on 12-17; she asks for the re-review and a hearing")
    with house.at("2026-12-21T09:00:00+08:00"):
        trip.does(f"clerk-{ABOVE}", "deliver", day="2026-12-17", way="direct")
        # 12-17 + 30 is 2027-01-16, a Saturday.
        trip.citizen_sees("2027 年 1 月 18 日（周一）前", PROVISIONAL)
        trip.asks("re_review", "请求举行听证", until="复核")
        # 12-21 + 30 is 2027-01-20, a Wednesday.
        trip.citizen_sees("2027 年 1 月 20 日（周三）前", PROVISIONAL, "信访工作条例 第三十六条")

    notes.stop("2026-12-23 Wed 09:00", "the city takes the re-review")
    with house.at("2026-12-23T09:00:00+08:00"):
        trip.does(f"clerk-{CITY}", "accept")
        trip.letter(
            *("信访事项复核受理告知书", ABOVE_NAME, "请求举行听证", "2027年1月20日", "听证所需时间不计算在内"),
            "《信访工作条例》第三十六条",
        )
        trip.board(late=0, near=0, calm=1)

    notes.stop("2026-12-28 Mon 10:00", "a hearing is called: the 30 日 stand still, the hearing has 30 日 of its own")
    with house.at("2026-12-28T10:00:00+08:00"):
        where = "二〇二七年一月四日九时，市政府三楼听证室"
        trip.does(f"clerk-{CITY}", "hearing", text=where, day="2027-01-04")
        trip.letter("信访事项听证通知书", where, "2027年1月4日", "《信访工作条例》第三十一条第六项、第三十六条第二款")
        # 12-28 + 30 is 2027-01-27, a Wednesday.
        trip.citizen_sees("完成听证", "2027 年 1 月 27 日（周三）前", never=("2027 年 1 月 20 日",))
        trip.staff_may(f"clerk-{CITY}", may=("end_hearing",), may_not=("reply",))

    notes.stop("2027-01-04 Mon 17:00", "the hearing is over: its eight days, from 12-28 to 1-04, do not count")
    with house.at("2027-01-04T17:00:00+08:00"):
        trip.does(f"clerk-{CITY}", "end_hearing", text="双方陈述完毕，同意以现场界址复测为准。")
        # 1-20 + 8 is 1-28, a Thursday.
        trip.citizen_sees("作出复核意见", "2027 年 1 月 28 日（周四）前", PROVISIONAL)
        trip.letter("信访事项听证笔录", "同意以现场界址复测为准", where, CITY_NAME, staff=f"clerk-{CITY}")
        trip.board(late=0, near=0, calm=1)

    notes.stop("2027-01-28 Thu 17:00", "the re-review supports her on its last day, and ends the matter")
    with house.at("2027-01-28T17:00:00+08:00"):
        trip.board(late=0, near=1, calm=0)
        trip.does(f"lead-{CITY}", "reply", text="撤销原意见，责成补发两亩差额。", outcome="revoke", **facts)
        trip.letter(
            *("信访事项复核意见书", "2027年1月28日", "补发两亩差额", "予以支持", "《信访工作条例》第三十六条"),
            *("终结意见", "不再受理", CITY_NAME),
        )
        trip.citizen_sees("补发两亩差额")
        trip.citizen_may(may=("rate",), may_not=("review", "re_review"))
        trip.staff_sees(f"clerk-{CITY}", "作出复核意见", "按期")
        trip.board(late=0, near=0, calm=0)
        # Half a year in figures: one notice, a day late; one opinion, in time; told after 17 days.
        trip.figure("2026", UNIT, "timely_notice", 0, 1)
        trip.figure("2026", UNIT, "timely_conclusion", 1, 1)
        trip.figure("2026", UNIT, "acceptance_days", 17.0, 1)
        trip.figure("2026", "rexian", "timely_forwarding", 1, 1)

    notes.stop("afterwards", "nobody rewrote the record")
    notes.same("xinqiao verify", house.run("verify"), 0)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--database", default="", help="an empty PostgreSQL database; else SQLite in a temporary folder"
    )
    parser.add_argument("--letters", type=Path, help="keep the letters there")
    args = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="xinqiao-travel-"))
    letters: Path = args.letters or folder / "seen"
    letters.mkdir(parents=True, exist_ok=True)
    notes, house = Notes(letters), House(folder / "data", args.database)
    try:
        house.furnish("2026-07-01T09:00:00+08:00")
        travel(house, notes)
    except BrokenOffError as broken:
        notes.wrong.append(f"broken off: {broken}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print(f"\n{notes.looks} looks, {len(notes.wrong)} wrong")
    print("\n".join(notes.wrong))
    return 1 if notes.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
