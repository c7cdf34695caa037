"""Subcommands that verify and recalculate case files and compute a deadline."""

import argparse
import json
import sys
from datetime import datetime
from typing import Any

from feedback.kernel.clock import OFFICE_TIMEZONE, office_day
from feedback.kernel.errors import Conflict, Unavailable
from feedback.kernel.settings import Settings
from web.cli.serve import run_async
from web.wording import catalogue


def deadline(settings: Settings, args: argparse.Namespace) -> int:
    from feedback.rules import workdays
    from feedback.rules.deadlines import compute_due_days
    from feedback.rules.terms import parse_length

    length = parse_length(args.length)
    if length.unit.runs:
        start = datetime(args.start.year, args.start.month, args.start.day, tzinfo=OFFICE_TIMEZONE)
        raw = legal = office_day(start + length.span)
        is_provisional = False
    else:
        calendar = workdays.package()
        raw, legal = compute_due_days(calendar, args.start, length)
        is_provisional = calendar.is_provisional(legal)
    print(json.dumps({"due_raw": raw.isoformat(), "due_legal": legal.isoformat(), "provisional": is_provisional}))
    return 0


def verify(settings: Settings, args: argparse.Namespace) -> int:
    from feedback import jobs
    from web import bootstrap

    async def run(context: Any) -> tuple[list[jobs.Damage], bool, list[tuple[str, int]]]:
        damages = [damage async for damage in jobs.find_damages(settings)]
        erased = [row async for row in jobs.list_erased_cases()]
        return damages, await bootstrap.is_right_secret(settings.vault), erased

    damages, is_right_secret, erased = run_async(settings, run, with_secret=False)
    for no, seq in erased:
        print(catalogue.damage_words("erased_by_decision", no, f"entry {seq}"))
    if not is_right_secret:
        print(catalogue.error_words("wrong_secret"))
    for damage in damages:
        print(catalogue.damage_words(damage.code, damage.subject, damage.place))
    if any(damage.code == jobs.CLOCKS_DIFFER for damage in damages):
        print(
            "时限与案卷不一致的，如果是程序更新所致：xinqiao recalculate --dry-run 查看，xinqiao recalculate 重新计算并写明原因"
        )
    if not damages and is_right_secret:
        print("记录完整：指纹链、时限、附件都与存档一致，密钥能打开加密的内容")
    return 0 if not damages and is_right_secret else 1


def recalculate(settings: Settings, args: argparse.Namespace) -> int:
    from feedback import recalculation

    async def run(context: Any) -> tuple[int, int]:
        recalculated = skipped = 0
        async for difference in recalculation.find_differences():
            print(f"{difference.no}: {'；'.join(difference.changes)}")
            if difference.broken:
                print(
                    f"  案卷的指纹链不完整（{catalogue.place_words(difference.broken)}），不作改动，请先查明",
                    file=sys.stderr,
                )
                skipped += 1
                continue
            if not args.dry_run:
                cause = args.cause or recalculation.CAUSE
                try:
                    await recalculation.recalculate(difference, cause, context.clock.now())
                except (Conflict, Unavailable) as fault:  # none holds up those behind it
                    print(f"  {catalogue.error_words(fault.code, **fault.details)}", file=sys.stderr)
                    skipped += 1
                    continue
            recalculated += 1
        return recalculated, skipped

    recalculated, skipped = run_async(settings, run)
    print(f"{'需要重新计算' if args.dry_run else '已重新计算'} {recalculated} 件，不能处理 {skipped} 件")
    return 1 if skipped else 0
