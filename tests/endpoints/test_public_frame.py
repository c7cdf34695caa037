"""The frame of public pages: mode for the elderly without scripts, wrong addresses, limits in words, files kept by version."""

from tests.people import Door


async def test_the_mode_stays_over_links_redirects_and_forms(door: Door) -> None:
    async with door.browser() as browser:
        assert 'data-size="elder"' in (await browser.get("/?ui=elder")).text
        for path in ("/new/1", "/guide", "/accessibility"):
            assert 'data-size="elder"' in (await browser.get(path)).text
        response = await browser.post("/new/1", data={"kind": "help"}, follow_redirects=True)
        assert 'data-size="elder"' in response.text and "返回标准版" in response.text
        assert 'data-size="elder"' in (await browser.post("/new/2", data={"title": ""})).text
        assert 'data-size="std"' in (await browser.get("/guide?ui=std")).text
        assert 'data-size="std"' in (await browser.get("/new/1")).text


async def test_another_word_changes_nothing(door: Door) -> None:
    async with door.browser() as browser:
        await browser.get("/?ui=elder")
        response = await browser.get("/guide?ui=huge")
        assert 'data-size="elder"' in response.text and "set-cookie" not in response.headers


async def test_a_wrong_address_speaks_of_no_code(door: Door) -> None:
    response = await door.client.get("/nowhere")
    assert response.status_code == 404
    assert "没有这个网址的页面" in response.text and "请核对编号和查询码" not in response.text
    assert (await door.client.get("/api/v1/nowhere")).json()["error"]["code"] == "not_found"


async def test_what_is_advised_and_what_is_the_most_are_told_apart(door: Door) -> None:
    async with door.browser() as browser:
        await browser.post("/new/1", data={"kind": "help"})
        assert "建议不超过 5000 字，最多 20000 字" in (await browser.get("/new/2")).text
        response = await browser.post("/new/2", data={"title": "长信", "text": "字" * 5_300})
        assert response.headers["location"] == "/new/3"
        response = await browser.post("/new/2", data={"title": "长信", "text": "字" * 20_001})
        assert response.status_code == 422


async def test_public_replies_are_narrowed_by_street_and_time_with_the_visitors_own_words(door: Door) -> None:
    page = (await door.client.get("/replies")).text
    assert '<option value="">全区</option>' in page and "最近三个月" in page
    page = (await door.client.get("/replies", params={"q": "没有的事", "days": "30", "region": "nowhere"})).text
    assert "在最近一个月的公开回复里，没有找到包含“没有的事”的" in page


async def test_files_of_the_pages_are_kept_by_their_version_and_pages_never(door: Door) -> None:
    page = await door.client.get("/guide")
    assert page.headers["cache-control"] == "no-store"
    address = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
    assert (await door.client.get(address)).headers["cache-control"] == "public, max-age=31536000, immutable"
    assert (await door.client.get("/static/favicon.svg")).headers["cache-control"] == "no-cache"
    worker = (await door.client.get("/sw.js")).text
    assert f'const VERSION = "{address.split("v=")[1]}"' in worker
