"""How is it run from the command line? `xinqiao dev | serve | worker | migrate | seed | settings | import | …`."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
import uvicorn

from feedback.kernel import db
from feedback.kernel import settings as settings_table
from feedback.kernel.errors import Invalid, Refusal
from feedback.kernel.settings import Settings
from web.wording import catalogue


def report_fault(fault: Exception) -> int:
    """The exit code for what went wrong, said in a sentence. What is a fault of ours is raised again."""
    if isinstance(fault, Refusal):
        print(catalogue.error_words(fault.code, count=1, **fault.details), fault.details or "", file=sys.stderr)
        if isinstance(fault, Invalid):
            for name, why in fault.fields.items():
                print(f"  {name}: {catalogue.fault_words(name, why)}", file=sys.stderr)
        return 2
    if db.is_unavailable(fault):
        print(f"数据库或磁盘现在不能使用，什么都没有做，请检查后再试：{fault}", file=sys.stderr)
        return 1
    raise fault


def log_as(settings: Settings) -> None:
    """Log to standard error: JSON in production, lines for people in development, never local variables."""
    level = {"debug": 10, "info": 20, "warning": 30, "error": 40}.get(settings.log_level, 20)
    renderer: Any = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if settings.production
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso"),
            structlog.processors.format_exc_info,
            renderer,
        ]
        if settings.production
        else [structlog.processors.add_log_level, structlog.processors.TimeStamper("%H:%M:%S"), renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )


def dev(settings: Settings, args: argparse.Namespace) -> int:
    migrate(settings, args)
    seed(settings, args)
    print(f"\n信桥已启动: http://{settings.host}:{settings.port}")
    print("演示账号（密码都是 demo）: reception 受理窗口， clerk-jiaoyu 教育局经办人， lead-jiaoyu 教育局负责人，")
    print(
        "  supervisor 督办， auditor 审计， admin 管理员；每个单位都有 clerk-<单位代码> 和 lead-<单位代码>\n",
        flush=True,
    )
    args.processes = 1
    return serve(settings, args)


def serve(settings: Settings, args: argparse.Namespace) -> int:
    from web.app import create_app

    if run_async(settings, _has_demo_accounts) and settings.production:
        print("生产环境不能保留演示账号，请先删除 is_demo 的账号", file=sys.stderr)
        return 2
    uvicorn.run(
        "web.__main__:application" if args.processes > 1 else create_app(settings),
        factory=args.processes > 1,
        workers=args.processes if args.processes > 1 else None,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        proxy_headers=settings.trust_proxy,
    )
    return 0


def application() -> Any:
    """The application of one of several web processes."""
    from web.app import create_app

    settings = Settings.read(os.environ)
    log_as(settings)
    return create_app(settings)


def work(settings: Settings, args: argparse.Namespace) -> int:
    from web import worker

    if not settings.redis_url:
        print("没有设置 XINQIAO_REDIS_URL:工作进程已在网页进程内，不需要单独启动", file=sys.stderr)
        return 2
    run_async(settings, worker.run_outside)
    return 0


def migrate(settings: Settings, args: argparse.Namespace) -> int:
    from web import bootstrap

    asyncio.run(bootstrap.migrate(settings))
    run_async(settings, bootstrap.seed_calendar)
    return 0


def seed(settings: Settings, args: argparse.Namespace) -> int:
    from web.demo import simulation

    if settings.production:
        print("生产环境不放演示数据", file=sys.stderr)
        return 2
    run_async(settings, simulation.populate)
    return 0


def show_settings(settings: Settings, args: argparse.Namespace) -> int:
    rows = settings_table.table()
    if args.json:
        print(json.dumps(rows, ensure_ascii=False, indent=1))
        return 0
    for row in rows:
        unit = f" {row['unit']}" if row["unit"] else ""
        print(f"{row['name']:<32} {row['type']:<8} {row['default'] or '-'}{unit}\n    {row['meaning']}")
    return 0


async def _has_demo_accounts(context: Any) -> bool:
    from web.auth import accounts

    return await accounts.has_demo_accounts()


def run_async(settings: Settings, what: Callable[[Any], Awaitable[Any]], *, with_secret: bool = True) -> Any:
    """Run something with the office open. Raises NotNow on an older database, and `with_secret` with a wrong one."""
    from web import bootstrap

    async def opened() -> Any:
        async with bootstrap.opened(settings) as context:
            await bootstrap.refuse_unfit(settings, with_secret=with_secret)
            return await what(context)

    return asyncio.run(opened())
