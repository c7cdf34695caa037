"""A web process in a Python of its own: what did it fit before its first request, and what during it? Prints JSON."""

import asyncio
import json
import os
import sys
import time
from typing import Any

from classify.signals import flag_model
from feedback.kernel.settings import Settings
from tests.people import Door
from web.cli.serve import configure_logging
from web.presentation import flags as flag_views


async def main() -> None:
    settings = Settings.read(os.environ)
    configure_logging(settings)
    async with Door.opened(settings) as door:
        figures: dict[str, Any] = {"ready": flag_views.is_ready(), "fits_at_start": flag_model.count_fits()}
        begun = time.perf_counter()
        receipt = await door.submit(title="不想活了", text="欠了钱还不上，真的活不下去了。")
        figures |= {"seconds": time.perf_counter() - begun, "fits_after": flag_model.count_fits(), "no": receipt["no"]}
    json.dump(figures, sys.stdout)


if __name__ == "__main__":
    asyncio.run(main())
