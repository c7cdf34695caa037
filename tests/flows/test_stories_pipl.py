"""Stories of the rights in one's own data (个人信息保护法): consent to publication is taken back, and the answer is gone."""

import json
from datetime import timedelta

import pytest

from feedback import jobs
from feedback.kernel.errors import Forbidden, NotNow
from feedback.queries import cases as case_queries
from feedback.queries import personal_copy, public_replies
from feedback.record import cases
from feedback.record.models.case import Case
from feedback.record.people import person_id_of
from feedback.rules.access import citizen
from feedback.rules.intake import PersonSubmission, Submission
from feedback.rules.vocabulary import Act
from routing import directory
from tests.moments import MONDAY
from web.context import AppContext

HOUR = timedelta(hours=1)
PUBLICATION = {"title": "楼道堆放杂物", "question": "楼道堆满纸箱。", "answer": "楼道已清理。"}


async def _answered(context: AppContext, *, public_consent: bool) -> str:
    submission = Submission(
        kind="complaint",
        title="楼道堆放杂物",
        text="清波社区三号楼楼道堆满纸箱，担心着火，请物业和社区清理。",
        channel="app",
        desk="rexian",
        person=PersonSubmission("安小娜", "13900001234"),
        public_consent=public_consent,
    )
    no = (await cases.submit(submission, citizen(""), now=MONDAY, vault=context.settings.vault)).no
    desk, clerk = await directory.load_actor("reception"), await directory.load_actor("clerk-jiaoyu")
    await cases.act(no, Act.ASSIGN, desk, {"unit": "jiaoyu"}, now=MONDAY + HOUR)
    await cases.act(no, Act.ACCEPT, clerk, {}, now=MONDAY + 2 * HOUR)
    await cases.act(no, Act.REPLY, clerk, {"text": "楼道已清理。"}, now=MONDAY + 3 * HOUR)
    return no


async def test_article_15_consent_taken_back_takes_the_published_answer_down_for_good(context: AppContext) -> None:
    no, desk = await _answered(context, public_consent=True), await directory.load_actor("reception")
    await cases.act(no, Act.PUBLISH, desk, PUBLICATION, now=MONDAY + 4 * HOUR)
    assert (await public_replies.search_public_replies("纸箱")).total == 1
    with pytest.raises(Forbidden):
        await cases.act(no, Act.WITHDRAW_CONSENT, desk, {}, now=MONDAY + 5 * HOUR)
    await cases.act(no, Act.WITHDRAW_CONSENT, citizen(no), {}, now=MONDAY + 5 * HOUR)
    assert (await public_replies.search_public_replies("纸箱")).total == 0
    with pytest.raises(NotNow, match="no_consent"):
        await cases.act(no, Act.PUBLISH, desk, PUBLICATION, now=MONDAY + 6 * HOUR)
    assert [damage async for damage in jobs.find_damages(context.settings)] == []


async def test_article_15_only_who_consented_is_offered_to_take_it_back(context: AppContext) -> None:
    for public_consent in (True, False):
        no = await _answered(context, public_consent=public_consent)
        file = await case_queries.load_file(citizen(no), no, vault=context.settings.vault)
        is_offered = Act.WITHDRAW_CONSENT in {step.act for step in file.steps(MONDAY + 4 * HOUR)}
        assert is_offered is public_consent
    with pytest.raises(NotNow):
        await cases.act(no, Act.WITHDRAW_CONSENT, citizen(no), {}, now=MONDAY + 4 * HOUR)


async def test_article_45_a_person_copies_everything_that_is_held_about_them(context: AppContext) -> None:
    no = await _answered(context, public_consent=False)
    other_no = await _answered(context, public_consent=True)
    person_ids = [person_id_of(await Case.get(no=n)) or 0 for n in (no, other_no)]
    copy = await personal_copy.copy_of_person(person_ids, vault=context.settings.vault)
    assert [person["phone"] for person in copy["persons"]] == ["13900001234"] * 2
    assert [(case["no"], case["role"]) for case in copy["cases"]] == [(no, "petitioner"), (other_no, "petitioner")]
    assert [entry["act"] for entry in copy["cases"][0]["entries"]] == ["submit", "assign", "accept", "reply"]
    assert json.loads(json.dumps(copy, ensure_ascii=False)) == copy
    assert await personal_copy.copy_of_person([], vault=context.settings.vault) == {"persons": [], "cases": []}
