"""Does the whole story hold against running processes, over HTTP only, in either shape of the system?

    python -m tests.bench.live_story http://127.0.0.1:8000 [--csv FILE --rows 20]

Each message: in by API → classified → assigned (or sent on by reception) → accepted and answered by that unit's
clerk through the pages → looked up by code → rated 2 → rectified and called back. Without a file our own messages.
"""

import argparse
import csv
import re
import sys
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx2

WAIT_SECONDS = 60
OWN: Sequence[tuple[str, str, str]] = (
    (
        "complaint",
        "餐馆拖欠三个月工资",
        "我在清波社区一家餐馆干活，老板拖欠五个人三个月工资，没签合同，请劳动监察帮忙。",
    ),
    ("help", "楼下饭店油烟呛人", "楼下饭店油烟直排，开窗就呛，孩子一直咳嗽，请环保和城管来看看。"),
    ("consult", "孩子转学要什么材料", "我们搬到清河街道了，孩子读三年级，想问转学需要准备哪些材料、什么时候办。"),
)

T = TypeVar("T")


@dataclass(frozen=True)
class Walked:
    """One message's way through the house."""

    no: str
    unit: str
    category: str
    by_reception: bool
    rectification: str


class StoryBrokeError(Exception):
    """A step did not do what the story says."""


def walk(base: str, kind: str, title: str, text: str) -> Walked:
    """One message from the citizen's hand to the closed rectification. Raises StoryBrokeError."""
    with httpx2.Client(base_url=base, timeout=30) as anna:
        body = {
            "kind": kind,
            "title": title[:100],
            "text": text,
            "channel": "app",
            "public_consent": True,
            "source_id": str(uuid.uuid4()),
            "person": {"name": "安小娜", "phone": "13900001234"},
        }
        receipt = _json(anna.post("/api/v1/cases", json=body), 201)
        no, code = receipt["no"], receipt["code"]
        seen = _wait(lambda: _json(anna.get(f"/api/v1/cases/{no}", params={"code": code})), lambda c: c["category"])
        by_reception = seen["unit"] is None
        if by_reception:
            _send_on(base, no, title, text)
            seen = _json(anna.get(f"/api/v1/cases/{no}", params={"code": code}))
        unit = seen["unit"]["code"]
        with logged_in(base, f"clerk-{unit}") as clerk:
            if no not in clerk.get("/desk", params={"q": no}).text:
                raise StoryBrokeError(f"{no} is not in the queue of {unit}")
            _press(clerk, no, "accept")
            _press(
                clerk, no, "reply", text="您好，经核实情况属实，已责成有关方面三日内整改到位，如有疑问请致电我单位。"
            )
        page = anna.post("/lookup", data={"check": no, "code": code}, follow_redirects=True)
        if "三日内整改到位" not in page.text:
            raise StoryBrokeError(f"the citizen cannot read the answer of {no}")
        _status(anna.post("/case/acts/rate", data={"level": "2", "tags": "209", "text": "太慢了"}), 303)
    return Walked(no, unit, seen["category"], by_reception, _rectify(base, unit, no))


def _send_on(base: str, no: str, title: str, text: str) -> None:
    """Reception reads what the classifier would not decide, and sends it on through the page."""
    with logged_in(base, "reception") as desk:
        hint = _json(desk.post("/api/v1/classify", json={"title": title, "text": text}, headers=_same_site(base)))
        unit = hint["unit"]["code"] if isinstance(hint["unit"], dict) else hint["unit"] or "xinfang"
        _press(desk, no, "assign", unit=unit, reason="受理窗口人工分派")


def _rectify(base: str, unit: str, no: str) -> str:
    with logged_in(base, f"clerk-{unit}") as clerk:

        def waiting() -> list[str]:
            page = clerk.get("/desk", params={"kind": "rectify", "status": "assigned", "view": "all"}).text
            return sorted(set(re.findall(r"/desk/cases/(\d{8}-\d{6})", page)))

        mine = _wait(lambda: [n for n in waiting() if no in clerk.get(f"/desk/cases/{n}").text], bool)[0]
        _press(clerk, mine, "accept")
        _press(clerk, mine, "contact", text="已联系，了解了不满意的原因。")
        _press(clerk, mine, "rectify", text="已向当事人说明并重新办理，内部已通报整改。")
    with logged_in(base, "reception") as desk:
        _press(desk, mine, "call_back", outcome="satisfied", text="电话回访，表示认可。")
    return mine


@contextmanager
def logged_in(base: str, username: str) -> Any:
    """A browser without scripts in which somebody of the staff is logged in."""
    with httpx2.Client(base_url=base, timeout=30) as client:
        _status(client.post("/login", data={"username": username, "password": "demo"}), 303)
        yield client


def _press(client: httpx2.Client, no: str, act: str, **fields: str) -> None:
    page = _status(client.get(f"/desk/cases/{no}"), 200).text
    version = re.search(r'name="version" value="(\d+)"', page)
    if version is None:
        raise StoryBrokeError(f"{no}: the page of the case carries no version")
    form = {"version": version[1], "confirmed": "1", **fields}
    _status(client.post(f"/desk/cases/{no}/acts/{act}", data=form), 303)


def _same_site(base: str) -> Mapping[str, str]:
    return {"Origin": base}


def _wait(look: Callable[[], T], is_there: Callable[[T], Any]) -> T:
    until = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < until:
        seen = look()
        if is_there(seen):
            return seen
        time.sleep(0.1)
    raise StoryBrokeError("it did not happen in time")


def _status(response: httpx2.Response, status: int) -> httpx2.Response:
    if response.status_code != status:
        raise StoryBrokeError(
            f"{response.request.method} {response.request.url}: {response.status_code}, wanted {status}"
        )
    return response


def _json(response: httpx2.Response, status: int = 200) -> Any:
    return _status(response, status).json()


def messages(file: Path | None, rows: int) -> list[tuple[str, str, str]]:
    """Our own messages, or the first rows of a file."""
    if file is None:
        return list(OWN)
    with file.open(encoding="utf-8-sig", newline="") as lines:
        first_rows = [row for _, row in zip(range(rows), csv.DictReader(lines), strict=False)]
    return [("complaint", row["subject"] or row["text"][:40], row["text"]) for row in first_rows]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("base")
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--rows", type=int, default=20)
    args = parser.parse_args()
    for kind, title, text in messages(args.csv, args.rows):
        walked = walk(args.base.rstrip("/"), kind, title, text)
        how = "by reception" if walked.by_reception else "by itself"
        print(f"{walked.no}: {walked.category} → {walked.unit} {how}, rectification {walked.rectification} called back")
    return 0


if __name__ == "__main__":
    sys.exit(main())
