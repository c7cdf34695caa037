"""Values of the frame around every staff page, and the page to land on after the log-in."""

from typing import Any

from feedback.rules.access import OVERSEERS, Actor, has_role
from feedback.rules.vocabulary import Role
from routing.directory import Directory

Option = tuple[str, str]
Group = tuple[str, list[Option]]

WORKERS = frozenset({Role.CLERK, Role.LEAD, Role.RECEPTION})
DECIDERS = frozenset({Role.LEAD, Role.RECEPTION})
"""Who signs, grants or refuses what others ask for."""


# ---- frame ----


def frame_values(actor: Actor, directory: Directory) -> dict[str, Any]:
    """What every staff page's frame needs: the menu by role, and who is logged in."""
    items = [("desk", "/desk", "工作台", 0)] if actor.roles - {Role.ADMIN} else []
    if Role.RECEPTION in actor.roles:
        items.append(("register", "/desk/register", "登记", 0))
        items.append(("repeats", "/desk/repeats", "疑似重复", 0))
    if actor.roles & (WORKERS | {Role.SUPERVISOR}):
        items.append(("notices", "/desk/notices", "通知", 0))
    if actor.roles & {Role.CLERK, Role.LEAD, Role.SUPERVISOR}:
        items.append(("ratings", "/desk/ratings", "差评", 0))
    if Role.LEAD in actor.roles:
        items += [("forecast", "/desk/forecast", "可能超期", 0), ("measures", "/desk/measures", "措施与建议", 0)]
    if has_role(actor, OVERSEERS):
        items.append(("board", "/board", "督办看板", 0))
    if Role.ADMIN in actor.roles:
        items.append(("admin", "/admin", "管理", 0))
    if Role.AUDITOR in actor.roles:
        items.append(("reads", "/admin/reads", "查阅记录", 0))
    items += [
        ("replies", "/replies", "公开答复", 0),
        ("scores", "/scores", "办理公示", 0),
        ("deadline", "/deadline", "时限计算", 0),
    ]
    unit_name = directory.short(actor.unit) if actor.unit else ""
    return {"area": "desk", "nav_items": items, "actor": {"name": actor.name, "unit_name": unit_name}}


def landing_path(actor: Actor) -> str:
    """Where somebody's day begins."""
    if actor.roles <= {Role.ADMIN}:
        return "/admin"
    return "/board" if has_role(actor, OVERSEERS) and not actor.roles & WORKERS else "/desk"
