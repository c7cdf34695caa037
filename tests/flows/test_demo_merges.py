"""What the desk of the demo town merges: only what one person wrote twice."""

from feedback.record.models.case import Case, Entry
from feedback.record.people import has_common_petitioner
from feedback.rules.vocabulary import Act
from web.context import AppContext
from web.demo.simulation import DemoSimulation


async def test_the_demo_town_merges_no_strangers(context: AppContext) -> None:
    await DemoSimulation(context, 60, 30).run()
    merges = await Entry.filter(act=Act.MERGE.value).prefetch_related("case__person")
    assert merges
    for merge in merges:
        lead = await Case.get(no=merge.data["case"])
        assert await has_common_petitioner(merge.case, lead) and lead.received_at < merge.case.received_at
