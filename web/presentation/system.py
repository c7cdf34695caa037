"""The state of the installation's parts in words, for administrators."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from feedback.kernel.secret_check import SecretState
from web.tasks.readiness import Readiness
from web.wording import catalogue

_UNKNOWN = "没有查到，系统没有及时答复"
_SECRETS: Mapping[SecretState | None, str] = {
    SecretState.RIGHT: "与数据相符",
    SecretState.WRONG: "与数据不符，加密的内容打不开：请换回原来的 XINQIAO_SECRET",
    SecretState.MISSING: "还没有校验记录：请运行 xinqiao migrate",
    None: _UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class SystemRow:
    """One part: its name, how it is, and whether that is as it must be (None: not known)."""

    name: str
    words: str
    is_good: bool | None


def rows(state: Readiness) -> list[SystemRow]:
    """The parts in the order in which they depend on each other."""
    parts = state.parts
    queue = state.queue or {}
    return [
        SystemRow("数据库", "正常" if state.database else "连接不上", parts["database"]),
        SystemRow("数据库版本", _migrations(state), parts["migrations"]),
        SystemRow("密钥", _SECRETS[state.secret], parts["secret"]),
        SystemRow("存储空间", _storage(state), parts["storage"]),
        SystemRow("后台进程", _worker(state), parts["worker"]),
        SystemRow("任务队列", _queue(state), state.queue is not None and not queue.get("failing")),
        SystemRow("定时任务", _timers(state), state.timers is not None and not _failing(state)),
        SystemRow(catalogue.error_words("scanner_name"), _scanner(state), state.scanner),
        SystemRow("分类器", state.model or "还没有，全部人工分类", True),
    ]


def _migrations(state: Readiness) -> str:
    if state.pending is None:
        return _UNKNOWN
    return f"缺 {len(state.pending)} 次升级，请运行 xinqiao migrate" if state.pending else "与程序一致"


def _storage(state: Readiness) -> str:
    if state.storage is None:
        return _UNKNOWN
    if state.storage.fault:
        return f"写不进去：{state.storage.fault}"
    free = f"剩余 {gigabytes(state.storage.free_bytes)}"
    return (
        free
        if state.storage.is_good
        else f"{free}，少于要求的 {gigabytes(state.storage.min_free_bytes)}，已停止接收附件"
    )


def _worker(state: Readiness) -> str:
    if not state.expects_worker and state.seconds_since_beat is None:
        return "这个网页进程不带后台任务"
    if state.seconds_since_beat is None:
        return "没有运行过" if state.database else _UNKNOWN
    age = span(state.seconds_since_beat)
    return f"正常，{age}前有动静" if state.is_worker_alive else f"停了：最后一次动静在 {age}前，请检查并重新启动"


def _scanner(state: Readiness) -> str:
    code = {True: "scanner_answers", False: "scanner_silent", None: "scanner_unset"}[state.scanner]
    return catalogue.error_words(code, waiting=state.files_waiting or 0)


def _queue(state: Readiness) -> str:
    if state.queue is None:
        return _UNKNOWN
    words = f"排队 {state.queue['waiting']} 个，多次失败 {state.queue['failing']} 个"
    oldest = state.queue.get("oldest_seconds") or 0
    return f"{words}，最早的等了 {span(oldest)}" if state.queue["waiting"] and oldest else words


def _failing(state: Readiness) -> list[Mapping[str, Any]]:
    return [timer for timer in state.timers or () if timer["failures"]]


def _timers(state: Readiness) -> str:
    if state.timers is None:
        return _UNKNOWN
    failing = len(_failing(state))
    return f"{len(state.timers)} 个，" + (f"{failing} 个连续失败，详见后台任务" if failing else "没有失败")


def gigabytes(count: int) -> str:
    """Bytes as people read them on a disk."""
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.0f} MB"


def span(seconds: float) -> str:
    """A span of time in its largest unit."""
    for size, unit in ((86_400, "天"), (3600, "小时"), (60, "分钟")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} 秒"
