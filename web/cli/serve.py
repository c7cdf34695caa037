"""Subcommands that start processes and prepare the database: dev, serve, worker, migrate, seed, settings."""

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
from web.http import server_protocol
from web.wording import catalogue


def report_fault(fault: Exception) -> int:
    """The exit code for what went wrong, said in a sentence. What is a fault of ours is raised again."""
    if isinstance(fault, Refusal):
        by_field: Any = fault.details.pop("by_field", {})
        print(catalogue.error_words(fault.code, count=1, **fault.details), fault.details or "", file=sys.stderr)
        if isinstance(fault, Invalid):
            for name, why in fault.fields.items():
                print(
                    f"  {name}: {catalogue.fault_words(name, why, by_field.get(name, fault.details))}", file=sys.stderr
                )
        return 2
    if db.is_unavailable(fault):
        print(f"数据库或磁盘现在不能使用，什么都没有做，请检查后再试：{fault}", file=sys.stderr)
        return 1
    if isinstance(fault, OSError) and fault.filename:
        print(catalogue.ARGUMENTS["no_access"].format(what=fault.filename), file=sys.stderr)
        return 2
    raise fault


def configure_logging(settings: Settings) -> None:
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
    """Serve as soon as units, accounts and a classifier are there; the demo town fills beside the server."""
    from web.app import create_app
    from web.demo import background_fill

    print("正在准备数据库 …", flush=True)
    migrate(settings, args)
    print("正在准备单位、账号和分类模型 …", flush=True)
    if settings.production or settings.redis_url:  # workers outside know nothing of a simulation beside the server
        if code := seed(settings, args):
            return code
    else:
        run_async(settings, background_fill.prepare)

    _listen(create_app(settings, at_start=background_fill.open_town), settings)
    return 0


def serve(settings: Settings, args: argparse.Namespace) -> int:
    from web.app import create_app

    if run_async(settings, _has_demo_accounts) and settings.production:
        print("生产环境不能保留演示账号，请先删除 is_demo 的账号", file=sys.stderr)
        return 2
    several = args.processes > 1
    _listen(f"{__name__}:{application.__name__}" if several else create_app(settings), settings, args.processes)
    return 0


def _listen(application: Any, settings: Settings, processes: int = 1) -> None:
    """Serve until stopped: an application, or for several processes the name of a function that makes it."""
    server_protocol.set_bounds(settings)
    uvicorn.run(
        application,
        factory=processes > 1,
        http=server_protocol.BoundedProtocol,
        workers=processes if processes > 1 else None,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=2,
        proxy_headers=settings.trust_proxy,
    )


def application() -> Any:
    """The application of one of several web processes."""
    from web.app import create_app

    settings = Settings.read(os.environ)
    configure_logging(settings)
    server_protocol.set_bounds(settings)
    return create_app(settings)


def run_worker(settings: Settings, args: argparse.Namespace) -> int:
    from web import worker

    if not settings.redis_url:
        print("没有设置 XINQIAO_REDIS_URL:工作进程已在网页进程内，不需要单独启动", file=sys.stderr)
        return 2
    run_async(settings, worker.run_arq_worker)
    return 0


def migrate(settings: Settings, args: argparse.Namespace) -> int:
    from web import bootstrap

    asyncio.run(bootstrap.migrate(settings))
    run_async(settings, bootstrap.seed_calendar)
    run_async(settings, bootstrap.fill_new_columns)
    return 0


def seed(settings: Settings, args: argparse.Namespace) -> int:
    from web.demo import background_fill

    if settings.production:
        print("生产环境不放演示数据", file=sys.stderr)
        return 2

    async def town(context: Any) -> None:
        await background_fill.prepare(context)
        await background_fill.fill(context)

    run_async(settings, town)
    return 0


def show_settings(settings: Settings, args: argparse.Namespace) -> int:
    rows = settings_table.list_settings()
    if args.markdown:
        print("\n".join(settings_table.as_markdown()))
        return 0
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


def run_async(settings: Settings, operation: Callable[[Any], Awaitable[Any]], *, with_secret: bool = True) -> Any:
    """Run an operation with an open `AppContext`. Raises NotNow on an older database, and `with_secret` with a wrong one."""
    from web import bootstrap

    async def run_with_context() -> Any:
        async with bootstrap.open_context(settings) as context:
            await bootstrap.refuse_unfit(settings, with_secret=with_secret)
            return await operation(context)

    return asyncio.run(run_with_context())
