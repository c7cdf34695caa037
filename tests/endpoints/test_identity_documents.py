"""Documents other than the resident identity card: by page, desk and API, shown with their kind, found by their end."""

from typing import Any

import pytest

from feedback.queries import cases as case_queries
from feedback.record import people
from feedback.record.models.case import Person
from feedback.rules.access import SYSTEM
from tests.endpoints.test_desk_pages import at_desk
from tests.endpoints.test_registering import CALL
from tests.people import Door

PASSPORT = {"kind": "414", "number": "ea 123-4567"}


@pytest.mark.parametrize(
    "person",
    [
        pytest.param({"document": PASSPORT}, id="as a document"),
        pytest.param({"id_kind": "414", "id_number": "EA1234567"}, id="as two fields"),
    ],
)
async def test_a_passport_sent_by_the_api_stands_in_the_file_with_its_kind(door: Door, person: dict[str, Any]) -> None:
    receipt = await door.submit(person={"name": "安小娜", "phone": "13900001234", **person})
    file = await case_queries.load_file(SYSTEM, receipt["no"], vault=door.settings.vault)
    async with at_desk(door, "reception") as reception:
        page = (await reception.get(f"/desk/cases/{receipt['no']}")).text
    assert "护照" in page and "EA1****67" in page and "EA1234567" not in page
    assert file.person is None or file.person.id_number != "EA1234567"


@pytest.mark.parametrize(
    ("person", "field", "words"),
    [
        ({"document": {"kind": "414", "number": "1"}}, "person.document.number", "护照号码应为"),
        ({"document": {"kind": "000", "number": "EA1234567"}}, "person.document.kind", "证件种类不在可选范围内"),
        ({"document": {"kind": "414"}}, "person.document.number", "请填写证件号码"),
        ({"document": PASSPORT, "id_number": "110101199003074514"}, "person.document", "证件请只写一处"),
        ({"id_number": "11010119991399001X"}, "person.id_number", "居民身份证号码应为 18 位"),
        ({"id_number": "000000000000000001"}, "person.id_number", "居民身份证号码应为 18 位"),
        ({"id_kind": "516", "id_number": "A1"}, "person.id_number", "回乡证号码应为"),
    ],
)
async def test_a_document_that_cannot_be_is_refused_in_the_field_it_was_sent_in(
    door: Door, person: dict[str, Any], field: str, words: str
) -> None:
    body = {"kind": "help", "title": "办证", "text": "请帮忙办理居住证明。", "channel": "web", "person": person}
    answer = await door.post("/api/v1/cases", body)
    assert answer.status_code == 422
    assert list(answer.json()["error"]["fields"]) == [field]
    assert words in answer.json()["error"]["fields"][field]


async def test_a_citizen_chooses_the_kind_on_the_page(door: Door) -> None:
    anna = door.browser()
    await anna.post("/new/1", data={"kind": "help"})
    await anna.post("/new/2", data={"title": "办证", "text": "请帮忙办理居住证明。"})
    assert "台胞证" in (await anna.get("/new/3")).text
    wrong = await anna.post("/new/3", data={"person.id_kind": "511", "person.id_number": "EA1234567"})
    assert wrong.status_code == 422 and "台胞证号码应为 8 位数字" in wrong.text
    right = await anna.post("/new/3", data={"person.id_kind": "511", "person.id_number": "12345678"})
    assert right.headers["location"] == "/new/4"
    sent = await anna.post("/new/4")
    assert sent.headers["location"].startswith("/receipt/")
    await anna.aclose()
    assert [person.id_kind for person in await Person.all()] == ["511"]


async def test_the_desk_registers_a_permit_and_finds_the_person_by_its_last_six_places(door: Door) -> None:
    permit = {"person.id_kind": "516", "person.id_number": "H12345678", "person.phone": ""}
    async with at_desk(door, "reception") as reception:
        made = await reception.post("/desk/register", data={**CALL, **permit})
        no = made.headers["location"].rsplit("/", 1)[1]
        page = (await reception.get(f"/desk/cases/{no}")).text
        assert "回乡证" in page and "H12****78" in page
        words = {"title": "", "text": "", "person.name": "", "person.phone": ""}
        for typed in ("345678", "H12345678"):
            hints = await reception.post(
                "/desk/register/check", data={**CALL, **permit, **words, "person.id_number": typed}
            )
            assert no in hints.text, typed
        other_kind = {"person.id_kind": "414", "person.id_number": "H12345678"}
        hints = await reception.post("/desk/register/check", data={**CALL, **permit, **words, **other_kind})
        assert no not in hints.text


async def test_an_upgrade_lets_those_of_before_be_found_by_the_last_six_places(door: Door) -> None:
    await door.submit(person={"name": "安小娜", "id_number": "110101199003074514"})
    (digest,) = await Person.all().values_list("id_tail_hash", flat=True)
    await Person.all().update(id_tail_hash="", id_kind="")  # as an older version left it
    await people.fill_id_tails(door.settings.vault)
    assert digest and await Person.filter(id_tail_hash=digest).count() == 1
