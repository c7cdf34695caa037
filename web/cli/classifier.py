"""Subcommands for the classifier: compare, train, list, promote and roll back releases."""

import argparse
import json
from collections.abc import Awaitable
from typing import Any

from feedback.kernel.errors import Invalid
from feedback.kernel.settings import Settings
from web.cli.serve import run_async


def trial(settings: Settings, args: argparse.Namespace) -> int:
    from classify.learning import trainer
    from web.imports.message_files import read_messages

    async def run(context: Any) -> dict[str, Any]:
        model = await context.model()
        if model is None:
            raise Invalid({"release": "missing"})
        file = await read_messages(args.file)
        return trainer.evaluate_file(model, file, restrict=args.restrict, split=args.split)

    figures = run_async(settings, run)
    if args.json:
        print(json.dumps(figures, ensure_ascii=False))
    else:
        for name, value in figures.items():
            print(f"{name:<16} {value}")
    return 0


def train(settings: Settings, args: argparse.Namespace) -> int:
    from classify.learning import trainer
    from web.imports.message_files import read_messages
    from web.tasks import training

    async def run(context: Any) -> dict[str, Any]:
        duties = await training.load_duties()
        labelled = [await read_messages(file) for file in args.files]
        unlabelled = [await read_messages(file) for file in args.unlabelled]
        return await trainer.train(
            labelled, unlabelled, duties, settings.data, force=args.force, now=context.clock.now()
        )

    print(json.dumps(run_async(settings, run), ensure_ascii=False, indent=1, default=str))
    return 0


def releases(settings: Settings, args: argparse.Namespace) -> int:
    from classify.model import registry

    rows = run_async(settings, lambda context: registry.list_releases())
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
    from classify.model import registry

    async def run(context: Any) -> str:
        row = await registry.load_release(args.release)
        if not registry.is_whole(settings.data, row["folder"]):
            raise Invalid({"release": "unreadable"})
        await registry.promote(row["id"], by="command", now=context.clock.now())
        return str(row["id"])

    print(run_async(settings, run))
    return 0


def roll_back(settings: Settings, args: argparse.Namespace) -> int:
    from classify.model import registry

    def run(context: Any) -> Awaitable[str]:
        return registry.roll_back(settings.data, by="command", now=context.clock.now(), release=args.release)

    print(run_async(settings, run))
    return 0
