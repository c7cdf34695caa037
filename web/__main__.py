"""How is it run from the command line? `xinqiao dev | serve | worker | migrate | seed | settings | import | …`."""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import structlog
import uvicorn

from feedback.kernel import settings as settings_table
from feedback.kernel.clock import OFFICE, office_day
from feedback.kernel.errors import Invalid, NotNow, Refused
from feedback.kernel.settings import Settings
from web import labels

Verb = Callable[[Settings, argparse.Namespace], int]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one verb. Returns the exit code."""
    args = _parser().parse_args(arguments)
    try:
        settings = Settings.read(os.environ)
    except Invalid as fault:
        for name, why in fault.fields.items():
            print(f"{name}: {why}", file=sys.stderr)
        return 2
    log_as(settings)
    verb: Verb = args.verb
    try:
        return verb(settings, args)
    except Refused as fault:
        print(labels.error_words(fault.code, count=1, **fault.details), fault.details or "", file=sys.stderr)
        if isinstance(fault, Invalid):
            for name, why in fault.fields.items():
                print(f"  {name}: {labels.fault_words(name, why)}", file=sys.stderr)
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="xinqiao", description="信桥 Xinqiao")
    verbs = parser.add_subparsers(required=True, metavar="VERB")

    def add(name: str, verb: Verb, what: str) -> argparse.ArgumentParser:
        sub = verbs.add_parser(name, help=what, description=what)
        sub.set_defaults(verb=verb)
        return sub

    add("dev", dev, "migrate, seed the demo town if the database is empty, serve with the worker inside")
    add("serve", serve, "serve pages and API").add_argument("--processes", type=int, default=1)
    add("worker", work, "an arq worker beside the web processes (needs REDIS_URL)")
    add("migrate", migrate, "bring the database to this version")
    add("seed", seed, "put the demo town into an empty database")
    sub = add("found", found, "begin a district: units, regions, routing rows and people from a folder of files")
    sub.add_argument("folder", type=Path)
    sub.add_argument("--check", action="store_true", help="only say what is wrong with the files")
    sub = add("staff", staff, "give people of a CSV file their posts, and accounts to the new ones")
    sub.add_argument("file", type=Path)
    sub = add("password", password, "print a new password for an account, and log it out")
    sub.add_argument("username")
    sub.add_argument("--no-factor", action="store_true", help="also forget the second factor: the telephone is lost")
    add("leave", leave, "take somebody's post away, and log them out").add_argument("username")
    add("settings", show_settings, "print every setting").add_argument("--json", action="store_true")
    sub = add("import", import_file, "take in a CSV or Excel file through the one door")
    sub.add_argument("file", type=Path)
    sub.add_argument("--map", type=Path, help="TOML that says which column is what")
    sub.add_argument("--column", action="append", default=[], metavar="FIELD=COLUMN", help="one column of the map")
    sub = add("trial", trial, "score the classifier on a labelled CSV")
    sub.add_argument("file", type=Path)
    sub.add_argument("--json", action="store_true")
    sub.add_argument("--restrict", action="store_true", help="choose only among the labels in the file")
    sub.add_argument("--split", default="", help="only rows whose column `split` says so")
    sub = add("train", train, "fit a release and promote it if it is not worse")
    sub.add_argument("files", nargs="*", type=Path)
    sub.add_argument("--unlabelled", action="append", default=[], type=Path, help="adapt to unlabelled messages")
    sub.add_argument("--force", action="store_true")
    add("releases", releases, "list the classifier's releases with their trials").add_argument(
        "--json", action="store_true"
    )
    add("promote", promote, "put a release in force").add_argument("release")
    add("rollback", roll_back, "go back to the release before, or to the one named").add_argument(
        "release", nargs="?", default=""
    )
    sub = add("deadline", deadline, "when a term that begins on a day is due")
    sub.add_argument("start", type=date.fromisoformat)
    sub.add_argument("length", help="15cd, 5wd, 24h or 30min")
    add("verify", verify, "prove that nobody changed the record behind its back")
    sub = add("refold", refold, "count anew what an older version counted otherwise, with the cause in each file")
    sub.add_argument("--dry-run", action="store_true", help="only say what would change")
    sub.add_argument("--cause", default="", help="what the entry gives as the cause")
    sub = add("publish", publish, "freeze a period into an edition")
    sub.add_argument("period", help="2026-10")
    sub.add_argument("--early", action="store_true", help="also a period that is not over")
    sub = add("report", report, "write the year's report as Word and Excel")
    sub.add_argument("year", help="2026")
    sub.add_argument("--to", type=Path, default=Path(), help="the folder to write to")
    return parser


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

    if settings.production and _run(settings, _has_demo_accounts):
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
    _run(settings, worker.run_outside)
    return 0


def migrate(settings: Settings, args: argparse.Namespace) -> int:
    from web import boot

    asyncio.run(boot.migrate(settings))
    _run(settings, boot.seed_calendar)
    return 0


def seed(settings: Settings, args: argparse.Namespace) -> int:
    from web import living

    if settings.production:
        print("生产环境不放演示数据", file=sys.stderr)
        return 2
    _run(settings, living.sow)
    return 0


def found(settings: Settings, args: argparse.Namespace) -> int:
    """Begin a district, or with `--check` only read its files."""
    from web import founding

    try:
        district = founding.read(args.folder)
    except founding.FaultyError as wrong:
        return _faulty(wrong)
    counts = f"{len(district.units)} 个单位，{len(district.regions)} 个地区，{len(district.routes)} 条派单规则"
    if args.check:
        print(f"没有问题：{counts}，{len(district.people)} 人")
        return 0
    migrate(settings, args)
    try:
        _run(settings, lambda office: founding.found(office, district, by="found"))
    except NotNow:
        print("这里已经建立过：派单规则在“管理 → 派单规则”里改，人员用 xinqiao staff", file=sys.stderr)
        return 2
    print(f"已建立：{counts}")
    return _employed(settings, district.people, args.folder / "staff.csv") if district.people else 0


def staff(settings: Settings, args: argparse.Namespace) -> int:
    """People as the file says; may be run again with more."""
    from web import founding

    try:
        return _employed(settings, founding.read_people(args.file), args.file)
    except founding.FaultyError as wrong:
        return _faulty(wrong)


def _employed(settings: Settings, people: Sequence[Any], file: Path) -> int:
    from web import founding

    kept = file.with_name(f"{file.stem}.passwords-{datetime.now(OFFICE):%Y%m%d%H%M%S}.csv")

    def write_down(passwords: Mapping[str, str]) -> None:
        with os.fdopen(os.open(kept, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8-sig") as paper:
            paper.writelines(f"{username},{word}\n" for username, word in passwords.items())

    fresh = _run(settings, lambda office: founding.employ(people, write_down, now=office.clock.now()))
    print(f"{len(people)} 人在岗，其中新开账号 {fresh} 个")
    if fresh:
        print(f"初始密码写在 {kept}（只有您能读），请当面交给本人，首次登录后在“修改密码”里更换，然后删除该文件")
    return 0


def _faulty(wrong: Exception) -> int:
    print(f"{wrong}\n以上问题改好之前，什么都没有写入", file=sys.stderr)
    return 2


def password(settings: Settings, args: argparse.Namespace) -> int:
    """A new password, shown once."""
    from web import founding, identity, second_factor

    word = founding.new_password()

    async def changed(office: Any) -> None:
        await identity.set_password(args.username, word, now=office.clock.now())
        if args.no_factor:
            await second_factor.switch_off(args.username)

    _run(settings, changed)
    print(word)
    return 0


def leave(settings: Settings, args: argparse.Namespace) -> int:
    """Somebody works here no more."""
    from routing import directory
    from web import identity

    async def left(_: Any) -> bool:
        await identity.end_sessions(args.username)
        return await directory.leave(args.username)

    if not _run(settings, left):
        print(f"没有在岗的 {args.username}", file=sys.stderr)
        return 2
    print(f"{args.username} 已离岗，登录已全部失效，此前的办理记录不变")
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


def import_file(settings: Settings, args: argparse.Namespace) -> int:
    from web import importing

    summary = _run(settings, lambda office: importing.run(office, args.file, args.map, args.column))
    print(summary.line)
    return 0


def trial(settings: Settings, args: argparse.Namespace) -> int:
    from classify import commands

    async def run(office: Any) -> dict[str, Any]:
        model = await office.model()
        if model is None:
            raise Invalid({"release": "missing"})
        return commands.trial(model, args.file, restrict=args.restrict, split=args.split)

    figures = _run(settings, run)
    if args.json:
        print(json.dumps(figures, ensure_ascii=False))
    else:
        for name, value in figures.items():
            print(f"{name:<16} {value}")
    return 0


def train(settings: Settings, args: argparse.Namespace) -> int:
    from classify import commands
    from web import learning

    async def run(office: Any) -> dict[str, Any]:
        duties = await learning.duties()
        return await commands.train(
            args.files, args.unlabelled, duties, settings.data, force=args.force, now=office.clock.now()
        )

    print(json.dumps(_run(settings, run), ensure_ascii=False, indent=1, default=str))
    return 0


def releases(settings: Settings, args: argparse.Namespace) -> int:
    from classify import releases as known

    rows = _run(settings, lambda office: known.all_releases())
    if args.json:
        print(json.dumps(rows, ensure_ascii=False, indent=1, default=str))
        return 0
    for row in rows:
        trial = row["trial"]
        state = "in force" if row["is_current"] else f"refused: {row['refused']}" if row["refused"] else "-"
        figures = f"accuracy {trial.get('trial', {}).get('accuracy', '-')}, frozen {trial.get('frozen_accuracy', '-')}"
        print(f"{row['id']}  {row['made_at']:%Y-%m-%d %H:%M}  {row['kind']:<8} {figures}  {state}")
        if row["promoted_at"]:
            print(f"    promoted {row['promoted_at']:%Y-%m-%d %H:%M} by {row['promoted_by'] or 'the system'}")
    return 0


def promote(settings: Settings, args: argparse.Namespace) -> int:
    from classify import releases as known

    async def run(office: Any) -> str:
        row = await known.one_release(args.release)
        if not known.is_whole(settings.data, row["folder"]):
            raise Invalid({"release": "unreadable"})
        await known.promote(row["id"], by="command", now=office.clock.now())
        return str(row["id"])

    print(_run(settings, run))
    return 0


def roll_back(settings: Settings, args: argparse.Namespace) -> int:
    from classify import releases as known

    def run(office: Any) -> Awaitable[str]:
        return known.roll_back(settings.data, by="command", now=office.clock.now(), release=args.release)

    print(_run(settings, run))
    return 0


def deadline(settings: Settings, args: argparse.Namespace) -> int:
    from feedback import calendars
    from feedback.deadlines import due_days
    from feedback.terms import parse_length

    length = parse_length(args.length)
    if length.unit.runs:
        start = datetime(args.start.year, args.start.month, args.start.day, tzinfo=OFFICE)
        raw = legal = office_day(start + length.span)
        is_provisional = False
    else:
        calendar = calendars.package()
        raw, legal = due_days(calendar, args.start, length)
        is_provisional = calendar.is_provisional(legal)
    print(json.dumps({"due_raw": raw.isoformat(), "due_legal": legal.isoformat(), "provisional": is_provisional}))
    return 0


def verify(settings: Settings, args: argparse.Namespace) -> int:
    from feedback import jobs

    async def run(office: Any) -> list[jobs.Damage]:
        return [damage async for damage in jobs.damages(settings.data)]

    damages = _run(settings, run)
    for damage in damages:
        print(f"{damage.where}: {damage.what}")
    if any(damage.what == jobs.CLOCKS_DIFFER for damage in damages):
        print(
            "时限与案卷不一致的，如果是程序更新所致：xinqiao refold --dry-run 查看，xinqiao refold 重新计算并写明原因"
        )
    if not damages:
        print("记录完整：指纹链、时限、附件都与存档一致")
    return 1 if damages else 0


def refold(settings: Settings, args: argparse.Namespace) -> int:
    from feedback import refolding

    async def run(office: Any) -> tuple[int, int]:
        done = left = 0
        async for each in refolding.found():
            print(f"{each.no}: {'；'.join(each.changes)}")
            if each.broken:
                print(f"  案卷的指纹链不完整（{each.broken}），不作改动，请先查明", file=sys.stderr)
                left += 1
                continue
            if not args.dry_run:
                await refolding.refold(each, args.cause or refolding.CAUSE, office.clock.now())
            done += 1
        return done, left

    done, left = _run(settings, run)
    print(f"{'需要重新计算' if args.dry_run else '已重新计算'} {done} 件，不能处理 {left} 件")
    return 1 if left else 0


def publish(settings: Settings, args: argparse.Namespace) -> int:
    from evaluation import publishing

    edition = _run(
        settings,
        lambda office: publishing.publish(
            args.period, now=office.clock.now(), by="command", settings=settings, early=args.early
        ),
    )
    state = "已发布" if edition.fresh else "此前已经发布，未作改动"
    print(f"{args.period} 第 {edition.number} 版 {state},指纹 {edition.digest}")
    return 0


def report(settings: Settings, args: argparse.Namespace) -> int:
    from evaluation import report_files
    from web.pages import reports

    found = _run(settings, lambda office: reports.made(args.year, settings, office.clock.now()))
    for suffix, content in (("docx", report_files.to_docx(found)), ("xlsx", report_files.to_xlsx(found))):
        path = args.to / f"xinqiao-report-{args.year}.{suffix}"
        path.write_bytes(content)
        print(path)
    return 0


async def _has_demo_accounts(office: Any) -> bool:
    from web import identity

    return await identity.has_demo_accounts()


def _run(settings: Settings, what: Callable[[Any], Awaitable[Any]]) -> Any:
    """Run something with the office open."""
    from web import boot

    async def opened() -> Any:
        async with boot.opened(settings) as office:
            return await what(office)

    return asyncio.run(opened())


if __name__ == "__main__":
    sys.exit(main())
