"""The page of classifier releases: trials, training, promotion, and the labels they were trained on."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from classify import taxonomy as categories
from classify.learning import trainer, training_runs
from classify.model import registry
from feedback.kernel.errors import Conflict, NotFound
from routing import directory
from routing.directory import Directory
from web.auth.permissions import current_actor
from web.context import AppContext
from web.presentation import desk_frame
from web.tasks import training
from web.wording import dates

KINDS: Mapping[str, str] = {"cold": "冷启动", "adapted": "适应本地用语", "trained": "学过人工结果"}
STATES: Mapping[str, str] = {"said": "只有一人说过", "confirmed": "承办单位已认可", "returned": "被退回"}
DOUBTS: Mapping[str, str] = {
    "returned": "被退回，不采用",
    "contradicted": "同样内容另有认可的结果，不采用",
    "disputed": "同样内容说法不一，减半",
    "unlike": "与现行版本的把握相反且无人认可，只计一成",
    "campaign": "内容雷同，合计封顶",
    "clerk": "同一人未经认可的说法，合计封顶",
}
WORSE: Mapping[str, str] = {"accuracy": "总体准确率下降", "frozen_accuracy": "固定试题退步"}
DONE: Mapping[str, str] = {
    "asked": "已开始训练，一般几十秒到几分钟；完成后自动与现行版本比试。",
    "busy": "已有一次训练正在进行，请稍候。",
    "promoted": "已启用这个版本，各进程随即使用，不用重启。",
    "changed": "启用前现行版本已经变化，请重新核对。",
}


async def home(request: Request) -> Response:
    """Every release, what was asked for, and the labels it learnt from."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    rows = await registry.list_releases()
    values = {
        **desk_frame.frame_values(actor, names),
        "rows": [row_view(row) for row in rows],
        "runs": [_run(row) for row in await training_runs.list_latest_runs()],
        "taught": [(words, (await trainer.count_labels_by_state()).get(state, 0)) for state, words in STATES.items()],
        "done": DONE.get(request.query_params.get("done", ""), ""),
        "can_go_back": sum(1 for row in rows if row["promoted_at"]) > 1,
        "hour": context.settings.train_hour,
        "least": context.settings.train_least,
    }
    return context.render(request, "admin/releases.html", values)


async def show_release(request: Request) -> Response:
    """One release: its trial beside the release it was tried against, by category and by unit."""
    context: AppContext = request.app.state.context
    actor, names = current_actor(request), await directory.load_directory()
    row = await registry.load_release(request.path_params["id"])
    trial = row["trial"]
    values = {
        **desk_frame.frame_values(actor, names),
        "release": row_view(row),
        "figures": _figures(trial),
        "parts": [
            ("分类", [_part(_category(code), part) for code, part in _parts(trial, "by_category")]),
            ("承办单位", [_part(names.short(unit), part) for unit, part in _parts(trial, "by_unit")]),
        ],
        "doubts": [(DOUBTS.get(why, why), n) for why, n in trial.get("doubts", {}).items()],
        "doubted": _doubted(trial, names),
        "is_whole": registry.is_whole(context.settings.data, row["folder"]),
    }
    return context.render(request, "admin/release.html", values)


async def train(request: Request) -> Response:
    """A candidate is wanted now."""
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    is_new = await training.request_candidate(context, actor.name)
    return RedirectResponse(f"/admin/learning?done={'asked' if is_new else 'busy'}", status_code=303)


async def promote(request: Request) -> Response:
    """Put this release in force, an earlier one as well as a refused one: a person may know better."""
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    row = await registry.load_release(request.path_params["id"])
    if not registry.is_whole(context.settings.data, row["folder"]):
        raise NotFound(release=row["id"])
    async with request.form() as form:
        instead_of = str(form.get("instead_of", ""))
    try:
        await registry.promote(row["id"], by=actor.name, now=context.clock.now(), instead_of=instead_of or None)
    except Conflict:
        return RedirectResponse("/admin/learning?done=changed", status_code=303)
    return RedirectResponse("/admin/learning?done=promoted", status_code=303)


async def roll_back(request: Request) -> Response:
    """Back to the release before, in one click."""
    context: AppContext = request.app.state.context
    actor = current_actor(request)
    await registry.roll_back(context.settings.data, by=actor.name, now=context.clock.now())
    return RedirectResponse("/admin/learning?done=promoted", status_code=303)


async def back(request: Request) -> Response:
    """Whoever had to log in on the way gets the list again: these steps are only ever posted."""
    return RedirectResponse("/admin/learning", status_code=303)


def row_view(row: Mapping[str, Any]) -> dict[str, Any]:
    """A release in words."""
    trial = row["trial"]
    whole = trial.get("paired", {}).get("all", {})
    return {
        "id": row["id"],
        "kind": KINDS.get(row["kind"], row["kind"]),
        "made": dates.short_time(row["made_at"]),
        "made_by": row["made_by"] or "系统",
        "promoted": dates.short_time(row["promoted_at"]) if row["promoted_at"] else "",
        "promoted_by": row["promoted_by"] or "系统",
        "is_current": bool(row["is_current"]),
        "refused": [worse_words(code) for code in row["refused"].split()],
        "learnt": trial.get("learnt", 0),
        "accuracy": _share(trial.get("trial", {}).get("accuracy")),
        "frozen": _share(trial.get("frozen_accuracy")),
        "difference": _difference(whole) if whole.get("n") else "",
    }


def worse_words(code: str) -> str:
    """In what a release is worse."""
    sort, _, part = code.partition(":")
    if sort == "category":
        return f"“{_category(part)}”明显退步"
    return f"单位 {part} 明显退步" if sort == "unit" else WORSE.get(code, code)


def _category(code: str) -> str:
    return categories.name_of(code) if categories.has_code(code) else code


def _share(figure: float | None) -> str:
    return "" if figure is None else f"{figure:.1%}"


def _difference(part: Mapping[str, Any]) -> str:
    return f"{part['difference']:+.1%}（{part['low']:+.1%} 至 {part['high']:+.1%}）"


def _figures(trial: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Each figure of the candidate beside the release in force at the time."""
    new, old = trial.get("trial", {}), trial.get("before", {}).get("trial", {})
    shares = (
        ("accuracy", "准确率"),
        ("macro_f1", "各类平均 F1"),
        ("top2_accuracy", "前两项含正确"),
        ("top3_accuracy", "前三项含正确"),
        ("ece", "把握与实际之差"),
        ("auto_share", "自动派出的比例"),
        ("auto_precision", "自动派出的正确率"),
    )
    figures = [(words, _share(old.get(name)), _share(new.get(name))) for name, words in shares if name in new]
    if "us_per_item" in new:
        figures.append(("每件用时", f"{old.get('us_per_item', 0):.0f} 微秒", f"{new['us_per_item']:.0f} 微秒"))
    if "frozen_accuracy" in trial:
        before = trial.get("before", {}).get("frozen_accuracy")
        figures.append(("固定试题", _share(before), _share(trial["frozen_accuracy"])))
    return figures


def _parts(trial: Mapping[str, Any], name: str) -> list[tuple[str, Mapping[str, Any]]]:
    return list(trial.get("paired", {}).get(name, {}).items())


def _part(name: str, part: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "name": name,
        "n": part["n"],
        "before": _share(part["before"]),
        "after": _share(part["after"]),
        "won": part["won"],
        "lost": part["lost"],
        "difference": _difference(part),
    }


def _doubted(trial: Mapping[str, Any], names: Directory) -> list[tuple[str, str]]:
    """Whose labels have a lower weight, the lowest first."""
    doubts = sorted(trial.get("doubted", {}).items(), key=lambda item: -sum(item[1].values()))
    lines = []
    for who, why in doubts[:20]:
        unit, _, name = who.partition("/")
        words = "；".join(f"{DOUBTS.get(code, code)} {n} 件" for code, n in why.items())
        lines.append((f"{names.short(unit)} {name}" if unit else name, words))
    return lines


def _run(row: Mapping[str, Any]) -> dict[str, Any]:
    if row["done_at"]:
        state = "完成" if row["release"] else "失败"
    else:
        state = "正在训练" if row["leased_until"] else "等待开始"
    return {
        "asked": dates.short_time(row["asked_at"]),
        "by": row["asked_by"],
        "state": state,
        "release": row["release"],
        "error": row["error"].strip().splitlines()[-1] if row["error"] else "",
    }
