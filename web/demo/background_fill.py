"""Filling the demo town beside the running server: runs the simulation in the background, resumable.

What is due before `AppContext.simulated_before` belongs to the simulation; the worker meanwhile takes only what people do,
and no timer runs. `demo-town.json` in the data folder holds how far it came: stopped half way, it goes on from there at
the next start, and a database that was filled elsewhere is left alone.
"""

from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

import orjson
import structlog

from routing import directory
from web.context import AppContext
from web.demo.seed import seed_town
from web.demo.simulation import CASES, DAYS, DemoSimulation

PROGRESS_FILE = "demo-town.json"
REPORT_DAYS = 10
_log = structlog.get_logger("background_fill")


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the simulation came: instants in ISO 8601 with offset. `until` is empty before its first day is over."""

    end: str
    until: str = ""
    is_complete: bool = False

    @classmethod
    def read(cls, data: Path) -> "Progress | None":
        """What the file in the data folder says; None without one: no simulation was begun here."""
        path = data / PROGRESS_FILE
        return cls(**orjson.loads(path.read_bytes())) if path.exists() else None

    def save(self, data: Path) -> None:
        """Replace the file in one step, so that a kill leaves the old one or the new one."""
        fresh = data / f"{PROGRESS_FILE}.new"
        fresh.write_bytes(orjson.dumps(asdict(self)))
        fresh.replace(data / PROGRESS_FILE)


async def prepare(context: AppContext) -> None:
    """Units, regions, staff, accounts and a first classifier: if the database is empty, or was left half way in this."""
    data = context.settings.data
    progress = Progress.read(data)
    if progress is None:
        if (await directory.load_directory()).edition:
            return
        progress = Progress(end=context.clock.now().isoformat())
        progress.save(data)
    if not progress.until:
        await seed_town(context)


def is_unfinished(data: Path) -> bool:
    """Whether a simulation was begun with this data folder and has not come to its end."""
    progress = Progress.read(data)
    return progress is not None and not progress.is_complete


async def fill(context: AppContext, cases_count: int = CASES, days: int = DAYS, *, has_waves: bool = True) -> None:
    """Let the town's days go by, from where they were left. Nothing to do once they are over."""
    data = context.settings.data
    progress = Progress.read(data)
    if progress is None or progress.is_complete:
        return
    life = DemoSimulation(context, cases_count, days, has_waves=has_waves, end=datetime.fromisoformat(progress.end))

    def at_midnight(at: datetime) -> None:
        Progress(progress.end, at.isoformat()).save(data)
        day = (at - life.start).days
        if day and day % REPORT_DAYS == 0:
            print(f"  演示数据：第 {day} / {days} 天，已有 {life.arrived} 件", flush=True)

    life.at_midnight = at_midnight
    if progress.until:
        await life.resume(datetime.fromisoformat(progress.until))
    await life.run()
    Progress(progress.end, progress.end, is_complete=True).save(data)
    print(f"  演示数据已齐：{life.arrived} 件", flush=True)


def open_town(context: AppContext) -> None:
    """Say where the town is found, and begin to fill it beside the server.

    Call it before the worker begins, which must not take what is the simulation's.
    """
    settings = context.settings
    print(
        f"\n信桥已启动: http://{settings.host}:{settings.port}\n"
        "演示账号（密码都是 demo）: reception 受理窗口， clerk-jiaoyu 教育局经办人， lead-jiaoyu 教育局负责人，\n"
        "  supervisor 督办， auditor 审计， admin 管理员；每个单位都有 clerk-<单位代码> 和 lead-<单位代码>\n",
        flush=True,
    )
    if is_unfinished(settings.data):
        print("演示数据正在后台填充，页面现在就可以使用", flush=True)
        context.simulated_before = context.clock.now()
        context.spawn(_beside(context))


async def _beside(context: AppContext) -> None:
    try:
        await fill(context)
    except Exception as fault:  # nobody waits for this task: a fault must neither stop the server nor go unseen
        _log.error("the demo town could not be filled", exc_info=fault)
    finally:
        context.simulated_before = None
        context.wake()
