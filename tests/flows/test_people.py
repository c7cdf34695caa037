"""Who stands beside a petitioner, who may look up what, and what is left of them when they are forgotten?"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from feedback import jobs
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import Conflict, Invalid, NotFound
from feedback.queries import cases as case_queries
from feedback.queries import lookup as case_lookup
from feedback.record import cases
from feedback.record.models.case import Case, CasePerson, Person
from feedback.rules import access
from feedback.rules.intake import PersonSubmission, Proxy, Submission
from feedback.rules.vocabulary import Act
from routing import directory
from tests.moments import MONDAY
from web.actions import cases as case_actions
from web.context import AppContext

ANNA, BEN = PersonSubmission("安小娜", "13900001234"), PersonSubmission("白小本", "13900005678")
DRAFT = Submission("complaint", "小学门口拥堵", "早晚高峰车辆乱停，孩子过马路危险。", "visit", "", person=ANNA)


async def _opened(context: AppContext, **more: Any) -> cases.Receipt:
    context.clock = context.clock.starting_at(MONDAY)
    return await case_actions.submit_case(context, replace(DRAFT, **more))


def _proxy(kind: str, authority: str) -> Proxy:
    return Proxy(BEN, kind, authority)


async def test_a_proxy_petition_keeps_both_people_sealed(context: AppContext) -> None:
    receipt = await _opened(context, proxy=_proxy("volunteer", "written"))
    desk = await directory.load_actor("reception")
    file = await case_queries.load_file(desk, receipt.no, vault=context.settings.vault)
    assert file.person is not None
    (beside,) = file.beside
    assert (file.person.name, beside.person.name) == ("安小娜", "白小本")
    assert (beside.role, beside.kind, beside.authority) == ("proxy", "volunteer", "written")
    assert not [row for row in await Person.all() if "白小本" in row.name or "13900005678" in row.phone]
    supervisor = await directory.load_actor("supervisor")
    masked = (await case_queries.load_file(supervisor, receipt.no, vault=context.settings.vault)).beside[0].person
    assert masked.is_masked and "白小本" not in masked.name and "5678" not in masked.phone[:9]


@pytest.mark.parametrize(
    ("kind", "authority", "opens"),
    [
        pytest.param("family", "recorded", True, id="a near relative acts in the petitioner's place"),
        pytest.param("guardian", "statutory", True, id="so does a guardian"),
        pytest.param("volunteer", "written", False, id="a volunteer only helped to hand it in"),
        pytest.param("window", "recorded", False, id="so did the window"),
    ],
)
async def test_a_proxy_opens_the_case_by_an_own_telephone_only_in_the_petitioners_place(
    context: AppContext, kind: str, authority: str, opens: bool
) -> None:
    receipt = await _opened(context, proxy=_proxy(kind, authority))
    vault = context.settings.vault
    assert await case_lookup.find_by_code(vault, receipt.code, phone_tail="1234") == receipt.no
    if opens:
        assert await case_lookup.find_by_code(vault, receipt.code, phone_tail="5678") == receipt.no
    else:
        with pytest.raises(NotFound):
            await case_lookup.find_by_code(vault, receipt.code, phone_tail="5678")


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ({"representatives": (BEN,) * 6, "headcount": 9}, {"representatives": "too_many_representatives"}),
        ({"representatives": (BEN, BEN), "headcount": 1}, {"headcount": "fewer_than_representatives"}),
        ({"representatives": (PersonSubmission(phone="13900005678"),)}, {"representatives.0.name": "missing"}),
        ({"proxy": Proxy(BEN, "lawyer", "recorded")}, {"proxy.authority": "not_of_this_proxy"}),
        ({"proxy": Proxy(BEN, "friend", "written")}, {"proxy.kind": "unknown"}),
        ({"proxy": Proxy(PersonSubmission(), "family", "written")}, {"proxy.name": "missing"}),
        ({"person": None, "proxy": Proxy(BEN, "family", "written")}, {"person.name": "missing_for_proxy"}),
    ],
)
async def test_what_is_wrong_with_people_is_named(
    context: AppContext, more: Mapping[str, Any], fault: Mapping[str, str]
) -> None:
    with pytest.raises(Invalid) as caught:
        await _opened(context, **more)
    assert caught.value.fields == fault


async def test_five_representatives_speak_for_many_and_each_may_look_up(context: AppContext) -> None:
    five = tuple(PersonSubmission(f"代表{n}", f"1380000000{n}") for n in range(5))
    receipt = await _opened(context, representatives=five, headcount=120)
    assert await case_lookup.find_by_code(context.settings.vault, receipt.code, phone_tail="0004") == receipt.no
    file = await case_queries.load_file(access.citizen(receipt.no), receipt.no, vault=context.settings.vault)
    assert (len(file.beside), file.headcount) == (5, 120)


async def test_what_may_not_be_published_holds_the_names_of_all(context: AppContext) -> None:
    receipt = await _opened(context, representatives=(BEN,), headcount=5, proxy=Proxy(BEN, "family", "written"))
    desk = await directory.load_actor("reception")
    assert set(await case_queries.list_names(desk, receipt.no, context.settings.vault)) == {"安小娜", "白小本"}


async def test_names_of_many_cases_are_read_in_two_statements_and_only_where_one_sees_the_case(
    context: AppContext,
) -> None:
    first = await _opened(context, representatives=(BEN,), headcount=5)
    other = await _opened(context)
    desk, clerk = await directory.load_actor("reception"), await directory.load_actor("clerk-jiaoyu")
    nos, vault = [first.no, other.no, "990000000000000"], context.settings.vault
    names = await case_queries.list_names_by_case(desk, nos, vault)
    assert {no: set(known) for no, known in names.items()} == {first.no: {"安小娜", "白小本"}, other.no: {"安小娜"}}
    assert await case_queries.list_names_by_case(clerk, nos, vault) == {}


async def test_the_citizen_is_not_shown_what_the_desk_noted_down(context: AppContext) -> None:
    receipt = await _opened(context, particulars={"threat": True, "visit_place": "三号窗口"})
    owner = await case_queries.load_file(access.citizen(receipt.no), receipt.no, vault=context.settings.vault)
    desk = await case_queries.load_file(
        await directory.load_actor("reception"), receipt.no, vault=context.settings.vault
    )
    assert "particulars" not in owner.entries[0].data
    assert desk.entries[0].data["particulars"] == {"threat": True, "visit_place": "三号窗口"}
    assert desk.urgency == case_actions.URGENCY_AT_ONCE


async def test_people_beside_are_forgotten_with_the_petitioner(context: AppContext) -> None:
    receipt = await _opened(context, representatives=(BEN,), headcount=2)
    await cases.act(receipt.no, Act.WITHDRAW, access.citizen(receipt.no), {}, now=MONDAY)
    assert (await jobs.forget_some_persons(MONDAY + timedelta(days=400), 3, 0))[0] == 0
    assert (await jobs.forget_some_persons(MONDAY + timedelta(days=4 * 366), 3, 0))[0] == 2
    assert not await Person.exclude(key="", name="", phone_hash="", tail_hash="").count()
    assert await CasePerson.all().count() == 1
    assert (await jobs.forget_some_persons(MONDAY + timedelta(days=4 * 366), 3, 0))[0] == 0


# ---- the same source again ----

SAID = replace(DRAFT, channel="app", source_id="20260914-000001", sender="203.0.113.7 phone")


@pytest.mark.parametrize(
    ("first", "again"),
    [
        pytest.param({}, {"sender": "198.51.100.1 other"}, id="the same person from elsewhere"),
        pytest.param({"person": None}, {"person": None}, id="nobody named, the same sender"),
        pytest.param(
            {"person": None, "source_id": "6f1f8a52-5d0a-4c39-9f0e-3f1f3c1f5a77"},
            {"person": None, "source_id": "6f1f8a52-5d0a-4c39-9f0e-3f1f3c1f5a77", "sender": "elsewhere"},
            id="nobody named, a number nobody can guess",
        ),
    ],
)
async def test_whoever_resends_gets_the_same_receipt(
    context: AppContext, first: Mapping[str, Any], again: Mapping[str, Any]
) -> None:
    first_receipt, two = (
        await case_actions.submit_case(context, replace(SAID, **first)),
        await case_actions.submit_case(context, replace(SAID, **again)),
    )
    assert (first_receipt.no, first_receipt.code, two.is_new) == (two.no, two.code, False)


@pytest.mark.parametrize(
    "again",
    [
        pytest.param({"person": PersonSubmission("白小本", "13900005678")}, id="another person"),
        pytest.param({"person": PersonSubmission("安大娜", "13900001234")}, id="another name with one telephone"),
        pytest.param({"person": None}, id="nobody"),
        pytest.param({"source_id": "6f1f8a52-5d0a-4c39-9f0e-3f1f3c1f5a77", "person": BEN}, id="a random number"),
    ],
)
async def test_another_person_behind_the_same_computer_never_gets_the_code_of_the_first(
    context: AppContext, again: Mapping[str, Any]
) -> None:
    number = {"source_id": again["source_id"]} if "source_id" in again else {}
    await case_actions.submit_case(context, replace(SAID, **number))
    with pytest.raises(Conflict) as caught:
        await case_actions.submit_case(context, replace(SAID, **again))
    assert caught.value.code == "source_id_used"


@pytest.mark.parametrize(
    "again",
    [
        pytest.param({"person": None, "sender": "elsewhere"}, id="without the telephone"),
        pytest.param(
            {"person": PersonSubmission("安小娜", "13900001235"), "sender": "elsewhere"}, id="another telephone"
        ),
        pytest.param({"person": PersonSubmission("安大娜", "13900001234"), "sender": "elsewhere"}, id="another name"),
        pytest.param({"person": PersonSubmission("安小娜"), "sender": "elsewhere"}, id="the name alone"),
    ],
)
async def test_a_stranger_who_guesses_number_and_text_gets_no_receipt(
    context: AppContext, again: Mapping[str, Any]
) -> None:
    await case_actions.submit_case(context, SAID)
    with pytest.raises(Conflict) as caught:
        await case_actions.submit_case(context, replace(SAID, **again))
    assert caught.value.code == "source_id_used"


async def test_by_what_a_resend_is_known_is_forgotten_after_a_day(context: AppContext) -> None:
    receipt = await case_actions.submit_case(context, SAID)
    stored = (await Case.get(no=receipt.no)).sender_hash
    assert stored and "203.0.113.7" not in stored and stored != Vault("").keyed_hash("sender", SAID.sender)
    assert await jobs.forget_senders(context.clock.now()) == 0
    assert await jobs.forget_senders(context.clock.now() + timedelta(days=2)) == 1
    assert not (await Case.get(no=receipt.no)).sender_hash
