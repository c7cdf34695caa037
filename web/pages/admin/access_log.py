"""The page of accesses to personal or confidential data, for auditors."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from feedback.queries import cases as case_queries
from feedback.record.access_log import read_log
from routing import directory
from web.auth.permissions import current_actor
from web.context import AppContext
from web.forms.filters import note_unknown
from web.presentation import desk_frame
from web.wording import dates

READS_MOST = 300
READ_WORDS = {
    "file": "查阅案卷",
    "attachment": "打开附件",
    "letter": "下载文书",
    "export": "导出列表",
    "code": "查看查询码",
    "person": "查看个人信息",
    "unlock": "解除账号锁定",
}


async def reads(request: Request) -> Response:
    """Who looked at personal or confidential data. For auditors only: an administrator does not audit himself."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    note_unknown(request, "no")
    no = request.query_params.get("no", "").strip()[:24]
    rows = await read_log(no, READS_MOST)
    seen = await case_queries.filter_visible(
        actor, (row["case_no"] for row in rows)
    )  # reports are audited by cleared auditors
    values = {
        **desk_frame.frame_values(actor, names),
        "no": no,
        "most": READS_MOST,
        "rows": [_read(row, names) for row in rows if not row["case_no"] or row["case_no"] in seen],
    }
    return context.render(request, "admin/access_log.html", values)


def _read(row: dict[str, Any], names: directory.Directory) -> dict[str, str]:
    return {
        "at": dates.short_time(row["at"]),
        "actor": row["actor"],
        "unit": names.short(row["unit"]) if row["unit"] else "",
        "what": READ_WORDS.get(row["what"], row["what"]),
        "no": row["case_no"],
        "detail": row["detail"],
    }
