"""Stories of what a person may ask of their own data (个人信息保护法 第四十四条至第四十七条、第五十条), told through the API."""

from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from classify.models import LearntExample, Passage
from feedback import jobs
from feedback.attachments import FileStore
from feedback.kernel import db
from feedback.kernel.settings import Settings
from feedback.record.models.case import Attachment, Case, Entry, Person
from feedback.rules.entry_texts import ERASED_TITLE
from feedback.rules.projection import compute_entry_digest
from routing.models import Notice
from routing.notices.catalogue import Audience
from tests.flows.story import Story, at, code_of
from tests.flows.test_startup import run_command
from tests.people import Door
from web import bootstrap

NAME, PHONE, HOME = "欧阳静澜", "13912345678", "云川区清河街道清波社区8栋402室"
TITLE, WORDS = "楼下榴莲摊榴莲味呛人", "楼下榴莲摊每晚榴莲味呛人，我家孩子花粉症，请查处。"
PERSON = {"name": NAME, "phone": PHONE, "address": HOME}
_WORDS_LEFT = ("欧阳静澜", "13912345678", "8栋402", "榴莲", "花粉症", "榴莲味")


@pytest.fixture
def story(door: Door) -> Story:
    return Story(door)


async def _answered(story: Story, *, public: bool = False) -> None:
    """A complaint is handed in, answered, rated badly enough for words, and closed."""
    await story.submit(
        "2026-03-02 09:00",
        "complaint",
        title=TITLE,
        text=WORDS,
        person=PERSON,
        public_consent=public,
        address="榴莲摊门口",
    )
    await story.does("reception", "classify", category="0601")
    await story.does("reception", "assign", unit="jiaoyu", reason="榴莲摊归教育局管")
    await story.does("clerk-jiaoyu", "accept", "2026-03-02 10:00")
    await story.does("clerk-jiaoyu", "note", text="欧阳静澜电话里说孩子花粉症")
    await story.does("clerk-jiaoyu", "reply", "2026-03-03 09:00", text="榴莲摊已停业，榴莲味没有了。")


async def _closed(story: Story, *, public: bool = False) -> None:
    await _answered(story, public=public)
    await story.does("citizen", "rate", "2026-03-03 10:00", level=4, text="榴莲味少了")
    await story.does("reception", "audit", "2026-03-03 11:00")
    await story.does("reception", "call_back", "2026-03-03 12:00", outcome="satisfied", text="欧阳静澜满意")
    await story.door.drain()


async def _dump() -> str:
    """Every value of every table, as a database dump would give it, the words of the index included."""
    connection = db.write_connection()
    if connection.capabilities.dialect == "sqlite":
        names = await connection.execute_query_dict("SELECT name FROM sqlite_master WHERE type = 'table'")
    else:
        names = await connection.execute_query_dict(
            "SELECT table_name AS name FROM information_schema.tables WHERE table_schema = 'public'"
        )
    parts: list[str] = []
    for row in names:
        for values in await connection.execute_query_dict(f'SELECT * FROM "{row["name"]}"'):  # noqa: S608
            parts += [
                bytes(value).decode("utf-8", "ignore") if isinstance(value, bytes | memoryview) else str(value)
                for value in values.values()
            ]
    return "\n".join(parts)


async def _damages(story: Story) -> list[str]:
    return [f"{damage.where}: {damage.what}" async for damage in jobs.find_damages(story.door.settings)]


async def test_article_45_whoever_holds_the_code_copies_their_data_at_once(story: Story) -> None:
    await story.submit("2026-03-02 09:00", "complaint", title=TITLE, text=WORDS, person=PERSON)
    response = await story.door.get(f"/api/v1/cases/{story.no}/data?code={story.code}")
    assert response.status_code == 200, response.text
    copy = response.json()
    assert copy["persons"][0]["phone"] == PHONE and copy["cases"][0]["text"] == WORDS
    token = await story.door.log_in("reception")
    assert (await story.door.get(f"/api/v1/cases/{story.no}/data", token)).status_code == 404
    assert (await story.door.get(f"/api/v1/cases/{story.no}/data?code=AAAABBBBCCCC")).status_code == 404


async def test_article_46_a_wrong_telephone_is_corrected_and_the_old_one_is_nowhere(story: Story) -> None:
    await story.submit("2026-03-02 09:00", "complaint", title=TITLE, text=WORDS, person=PERSON)
    assert code_of(await story.tries("citizen", "ask_correction", phone="12345")) == (422, "invalid")
    assert code_of(await story.tries("citizen", "ask_correction", reason="电话错了")) == (422, "invalid")
    await story.does("citizen", "ask_correction", phone="139 8765 4321", name="欧阳静蓝", reason="电话错了")
    assert "13987654321" not in await _dump(), "sealed until it is decided"
    assert code_of(await story.tries("clerk-jiaoyu", "correct"))[0] in (403, 404)
    request = (await story.seen())["timeline"][-1]
    assert request["correction"]["phone"] == "13987654321", "the desk reads what it decides on"
    await story.does("reception", "correct", "2026-03-04 09:00", reason="已电话核实")
    seen = await story.seen("citizen")
    assert (seen["person"]["phone"], seen["person"]["name"]) == ("13987654321", "欧阳静蓝")
    copy = (await story.door.get(f"/api/v1/cases/{story.no}/data?code={story.code}")).json()
    assert copy["persons"][0]["address"] == HOME, "what was not to be corrected stays"
    assert (await story.clock("decide_correction"))["state"] == "kept"
    dump = await _dump()
    assert NAME not in dump and "13987654321" not in dump
    person = await Person.all().order_by("-id").first()
    vault = story.door.settings.vault
    assert person is not None and person.phone_hash == vault.keyed_hash("phone", "13987654321")
    assert await _damages(story) == []
    await story.does("citizen", "ask_correction", phone="13900009999")
    assert "ask_correction" not in await story.acts(), "one request at a time"


async def test_article_50_a_correction_is_refused_with_the_ground_the_citizen_reads(story: Story) -> None:
    await story.submit("2026-03-02 09:00", "complaint", title=TITLE, text=WORDS, person=PERSON)
    await story.does("citizen", "ask_correction", phone="13987654321")
    assert code_of(await story.tries("reception", "refuse_correction", reason="不符")) == (422, "invalid")
    await story.does("reception", "refuse_correction", ground="pi_not_proven", reason="请带证件到窗口核实")
    entry = (await story.seen("citizen"))["timeline"][-1]
    assert entry["text"] == "请带证件到窗口核实" and "第五十条" in entry["ground"]
    assert (await story.seen("citizen"))["person"]["phone"] == PHONE
    assert await _damages(story) == [], "the number that was asked for is gone, the chain is whole"


async def test_article_46_nobody_is_corrected_where_nobody_is_known(story: Story) -> None:
    await story.submit("2026-03-02 09:00", "complaint", title=TITLE, text=WORDS, person=None)
    assert code_of(await story.tries("citizen", "ask_correction", phone=PHONE)) == (409, "no_person_held")


async def test_article_47_an_unfinished_case_is_not_erased_and_the_refusal_says_why(story: Story) -> None:
    await story.submit("2026-03-02 09:00", "complaint", title=TITLE, text=WORDS, person=PERSON)
    await story.does("citizen", "ask_erasure", reason="不想留记录")
    assert "erase" not in await story.acts("reception")
    assert code_of(await story.tries("reception", "erase", ground="pi_purpose_achieved")) == (409, "not_now")
    await story.does("reception", "refuse_erasure", ground="pi_unfinished", reason="还在办理，办结后可以再提出")
    assert "ask_erasure" in await story.acts()


async def test_article_47_an_archive_is_kept_and_the_citizen_reads_the_law(story: Story) -> None:
    await _closed(story, public=True)
    publication = {"title": "榴莲摊", "question": "楼下榴莲味大。", "answer": "已停业。"}
    await story.does("reception", "publish", confirmed=True, **publication)
    await story.does("citizen", "ask_erasure")
    await story.does("reception", "refuse_erasure", ground="pi_archive", reason="信访档案保存期限未满")
    page = await _case_page(story)
    assert "档案法" in page and "信访档案保存期限未满" in page
    assert (await story.door.get("/api/v1/public/replies?q=榴莲")).json()["total"] == 0, "only stored from now on"
    assert await LearntExample.filter(case_no=story.no).count() == 0
    assert "unpublish" not in await story.acts("reception")


async def test_article_47_after_erasure_nothing_of_the_person_is_left_and_the_chain_is_whole(story: Story) -> None:
    await _closed(story, public=True)
    publication = {"title": "榴莲摊榴莲味", "question": "楼下榴莲味大。", "answer": "已停业。"}
    await story.does("reception", "publish", confirmed=True, **publication)
    assert WORDS in await _dump()
    await story.does("citizen", "ask_erasure", "2026-03-05 09:00", reason="我是欧阳静澜，请删除")
    await story.does("reception", "erase", "2026-03-06 09:00", ground="pi_purpose_achieved")
    await story.door.drain()
    dump = await _dump()
    assert [words for words in _WORDS_LEFT if words in dump] == []
    assert await _damages(story) == []
    assert [pair async for pair in jobs.list_erased_cases()] == [(story.no, len((await story.seen())["timeline"]))]
    seen = await story.seen("citizen")
    assert seen["title"] == ERASED_TITLE and seen["acts"] == [] and seen["status"] == "closed"
    assert seen["timeline"][-1]["act"] == "erase"
    copy = (await story.door.get(f"/api/v1/cases/{story.no}/data?code={story.code}")).json()
    assert copy["persons"][0]["name"] == "" and copy["persons"][0]["erased_at"] and copy["cases"][0]["text"] == ""
    token = await story.door.log_in("reception")
    assert (await story.door.get("/api/v1/desk/cases?q=榴莲", token)).json()["total"] == 0
    assert (await story.door.get("/api/v1/public/replies?q=榴莲")).json()["total"] == 0
    assert code_of(await story.tries("citizen", "supplement", text="再补充"))[0] == 409


async def _case_page(story: Story) -> str:
    """The citizen's own page."""
    async with story.door.browser() as client:
        response = await client.post("/lookup", data={"code": story.code, "check": story.no})
        assert response.status_code == 303, response.text
        return str((await client.get("/case")).text)


async def test_article_47_tampering_with_an_erased_case_is_found(story: Story) -> None:
    await _closed(story)
    await story.does("citizen", "ask_erasure")
    await story.does("reception", "erase", ground="pi_purpose_achieved")
    connection = db.write_connection()
    await connection.execute_query("UPDATE feedback_entry SET status = 'declined' WHERE seq = 2")
    assert any("entry 2" in damage for damage in await _damages(story))


async def test_article_47_a_case_of_before_salted_digests_is_erased_and_verified(story: Story) -> None:
    await _closed(story)
    await _make_old(story)
    assert await _damages(story) == []
    await story.does("citizen", "ask_erasure", "2026-03-05 09:00")
    await story.does("reception", "erase", "2026-03-06 09:00", ground="pi_purpose_achieved")
    await story.door.drain()
    dump = await _dump()
    assert [words for words in _WORDS_LEFT if words in dump] == []
    assert await _damages(story) == []
    connection = db.write_connection()
    await connection.execute_query("UPDATE feedback_entry SET unit = 'chengguan' WHERE seq = 3")
    assert any("entry 3" in damage for damage in await _damages(story))


async def _make_old(story: Story) -> None:
    """Write the chain as versions before migration 0025 did: plain digests over everything an entry holds."""
    case, before = await Case.get(no=story.no), ""
    for e in await Entry.filter(case_id=case.id).order_by("seq"):
        before = compute_entry_digest(before, case.no, e.seq, e.act, e.at, e.actor, e.role, e.unit, e.data, e.status)
        await Entry.filter(id=e.id).update(digest=before, salt="", digests=None)
    await Case.filter(id=case.id).update(digest=before)


async def test_article_44_who_refuses_publication_has_the_answer_taken_down(story: Story) -> None:
    await _closed(story, public=True)
    publication = {"title": "榴莲摊榴莲味", "question": "楼下榴莲味大。", "answer": "已停业。"}
    await story.does("reception", "publish", confirmed=True, **publication)
    await story.does("citizen", "ask_restriction", scope="publication")
    await story.does("reception", "restrict")
    assert (await story.door.get("/api/v1/public/replies?q=榴莲")).json()["total"] == 0
    assert code_of(await story.tries("reception", "publish", confirmed=True, **publication)) == (409, "no_consent")


async def test_article_24_who_refuses_the_machine_is_classified_by_people_only(story: Story) -> None:
    await story.submit("2026-03-02 09:00", "complaint", title=TITLE, text=WORDS, person=PERSON)
    await story.does("citizen", "ask_restriction", scope="machine", reason="请由人判断")
    await story.does("reception", "restrict")
    await story.door.drain()
    seen = await story.seen()
    assert (seen["status"], seen["category"]) == ("received", None), "no program classified or assigned it"
    assert code_of(await story.tries("citizen", "ask_restriction", scope="machine")) == (422, "invalid")
    await story.does("reception", "classify", category="0601")
    await story.does("reception", "assign", unit="jiaoyu")
    await story.does("clerk-jiaoyu", "accept")
    await story.door.drain()
    assert await LearntExample.filter(case_no=story.no).count() == 0, "people decided, and the machine learns nothing"
    assert await Passage.all().count() == 0


async def test_article_24_what_the_machine_learnt_before_is_forgotten(story: Story) -> None:
    await _answered(story)
    await story.door.drain()
    assert await LearntExample.filter(case_no=story.no).count() == 1 and await Passage.all().count() > 0
    await story.does("citizen", "ask_restriction", scope="machine")
    await story.does("reception", "restrict")
    assert await LearntExample.filter(case_no=story.no).count() == 0
    assert await Passage.all().count() == 0


async def test_article_44_a_refusal_to_stop_says_why(story: Story) -> None:
    await story.submit("2026-03-02 09:00", "complaint", title=TITLE, text=WORDS, person=PERSON)
    await story.does("citizen", "ask_restriction", scope="contact")
    await story.does("reception", "refuse_restriction", ground="pi_duty_needs_it", reason="紧急情况需要联系")
    assert (await story.seen("citizen"))["timeline"][-1]["ground"].startswith("法律、行政法规规定")


async def test_article_50_a_request_waits_at_the_desk_with_a_clock_that_turns_red(story: Story) -> None:
    await _closed(story)
    await story.does("citizen", "ask_erasure", "2026-03-05 09:00")
    await story.door.drain()
    assert await story.due("decide_erasure") == "2026-03-26"
    assert [clock["term"] for clock in (await story.seen("citizen"))["clocks"]][-1] == "decide_erasure"
    token = await story.door.log_in("reception")
    waiting = (await story.door.get("/api/v1/desk/cases?deciding=1", token)).json()
    assert [row["no"] for row in waiting["items"]] == [story.no]
    client = await story.door.page_client("reception")
    page = (await client.get("/desk")).text
    assert story.no in page, "a closed case stands in the desk's own list"
    assert "待我批" in page
    deciding = (await client.get("/desk?deciding=1")).text
    assert story.no in deciding
    await client.aclose()
    assert await Notice.filter(case_no=story.no, event="case.ask_erasure", audience=Audience.DESK).count() == 1
    assert await _light(story, "2026-03-24 09:00") == "amber"
    assert await _light(story, "2026-03-27 00:00") == "red"
    await story.does("reception", "refuse_erasure", "2026-03-27 09:00", ground="pi_archive", reason="档案")
    assert (await story.clock("decide_erasure"))["state"] == "late"


async def _light(story: Story, moment: str) -> str:
    story.door.set_time(at(moment))
    token = await story.door.log_in("reception")
    rows: list[dict[str, Any]] = (await story.door.get("/api/v1/desk/cases?mine=1", token)).json()["items"]
    return str(next(row["light"] for row in rows if row["no"] == story.no))


async def test_the_citizen_asks_on_the_page_without_scripts(story: Story) -> None:
    await story.submit("2026-03-02 09:00", "complaint", title=TITLE, text=WORDS, person=PERSON)
    async with story.door.browser() as client:
        await client.post("/lookup", data={"code": story.code, "check": story.no})
        page = (await client.get("/case")).text
        assert 'name="scope"' in page and "程序自动分类派件和训练" in page and 'name="home_address"' in page
        response = await client.post("/case/acts/ask_restriction", data={"scope": "contact"})
        assert response.status_code == 303, response.text
    client = await story.door.page_client("reception")
    response = await client.post(f"/desk/cases/{story.no}/acts/restrict", data={"version": "2"})
    assert response.status_code in (200, 303), response.text
    await client.aclose()


_COLUMNS_OF_0025 = (("feedback_entry", "salt"), ("feedback_entry", "digests"), ("feedback_case", "restrictions"))


async def test_a_database_of_before_0025_is_upgraded_with_its_cases_and_can_erase_them(settings: Settings) -> None:
    async with Door.opened(settings) as door:
        story = Story(door)
        await _closed(story)
        await _make_old(story)
        no, code = story.no, story.code
        connection = db.write_connection()
        for table, column in _COLUMNS_OF_0025:
            await connection.execute_query(f"ALTER TABLE {table} DROP COLUMN {column}")
        await connection.execute_query("DELETE FROM tortoise_migrations WHERE name LIKE '0025%'")
    await bootstrap.migrate(settings)
    async with Door.opened(settings) as door:
        story = Story(door)
        story.no, story.code = no, code
        assert await _damages(story) == []
        assert (await story.seen())["title"] == TITLE
        await story.does("citizen", "ask_erasure", "2026-03-05 09:00")
        await story.does("reception", "erase", "2026-03-06 09:00", ground="pi_retention_over")
        assert await _damages(story) == []


async def test_verify_names_the_decision_that_erased_a_case(settings: Settings) -> None:
    async with Door.opened(settings) as door:
        story = Story(door)
        await _closed(story)
        await story.does("citizen", "ask_erasure")
        await story.does("reception", "erase", ground="pi_purpose_achieved")
        await door.drain()
    done = run_command(settings, "verify")
    assert done.returncode == 0, done.stdout
    assert f"编号 {story.no}：文字和个人信息已按第 " in done.stdout and "记录完整" in done.stdout


async def test_article_47_attached_files_are_deleted_with_the_case(story: Story) -> None:
    buffer = BytesIO()
    Image.new("1", (8, 8)).save(buffer, "PNG")
    file = ("欧阳静澜的照片.png", buffer.getvalue(), "image/png")
    response = await story.door.client.post("/api/v1/attachments", files={"file": file})
    assert response.status_code == 201, response.text
    file_id = response.json()["id"]
    await story.submit("2026-03-02 09:00", "consult", title=TITLE, text=WORDS, person=PERSON, attachments=[file_id])
    path = FileStore.of(story.door.settings).path(file_id)
    assert path.exists()
    await story.does("citizen", "withdraw", "2026-03-02 10:00")
    await story.does("citizen", "ask_erasure")
    await story.does("reception", "erase", ground="pi_purpose_achieved")
    await story.door.drain()
    assert not path.exists() and await Attachment.all().count() == 0
    assert await _damages(story) == []


async def test_article_47_what_grew_out_of_a_bad_rating_goes_with_the_case_once_it_is_finished(story: Story) -> None:
    await _answered(story)
    await story.does("citizen", "rate", "2026-03-03 10:00", level=1, text="榴莲味还在，欧阳静澜很失望")
    await story.door.drain()
    rectification = Story(story.door)
    rectification.no = (await Case.get(link=story.no)).no
    await story.does("reception", "audit", "2026-03-03 11:00")
    await story.does("reception", "call_back", "2026-03-03 12:00", outcome="satisfied", text="榴莲味没有了")
    await story.does("citizen", "ask_erasure", "2026-03-03 13:00")
    assert code_of(await story.tries("reception", "erase", ground="pi_purpose_achieved")) == (409, "case_unfinished")
    await rectification.does("clerk-jiaoyu", "accept", "2026-03-04 09:00")
    await rectification.does("clerk-jiaoyu", "rectify", text="榴莲味已消除")
    await rectification.does("reception", "call_back", "2026-03-05 09:00", outcome="satisfied", text="认可")
    await story.does("reception", "erase", "2026-03-06 09:00", ground="pi_purpose_achieved")
    await story.door.drain()
    dump = await _dump()
    assert [words for words in _WORDS_LEFT if words in dump] == []
    assert await _damages(story) == []
