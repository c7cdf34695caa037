"""Providers of messages: Alibaba Cloud's signature against its own example, WeChat against a stand-in."""

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from feedback.kernel.errors import Unavailable
from feedback.kernel.settings import Settings
from routing.notices.catalogue import OutgoingMessage, Unconfirmed
from tests.flows.sms_gateway import Gateway, running_gateway
from web.notify import channel
from web.notify.sms_aliyun import sender as aliyun
from web.notify.wechat.sender import WeChatSender

AT = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
MESSAGE = OutgoingMessage(
    "ref-1", "20260302-000001", "assigned", {"no": "20260302-000001", "unit": "区城管局"}, "已转", AT
)


@pytest.fixture
async def provider() -> AsyncIterator[Gateway]:
    async with running_gateway() as running:
        yield running


# ---- Alibaba Cloud ----


def test_the_signature_is_that_of_the_example_in_alibaba_clouds_documentation() -> None:
    headers = aliyun.sign_request(
        {"RegionId": "cn-shanghai", "ImageId": "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"},
        host="ecs.cn-shanghai.aliyuncs.com",
        action="RunInstances",
        version="2014-05-26",
        key_id="YourAccessKeyId",
        secret="YourAccessKeySecret",
        date="2023-10-26T10:22:32Z",
        nonce="3156853299f313e23d1673dc12e1703d",
    )
    assert headers["x-acs-content-sha256"] == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert headers["Authorization"] == (
        "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,"
        "SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,"
        "Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
    )


def test_a_query_is_encoded_by_rfc_3986() -> None:
    assert aliyun.canonical_query({"b": "a b*~", "a": '{"号":"1"}'}) == "a=%7B%22%E5%8F%B7%22%3A%221%22%7D&b=a%20b%2A~"


def aliyun_settings(provider: Gateway) -> Settings:
    return Settings(
        sms_provider="aliyun", sms_url=provider.address, sms_key_id="id", sms_secret="s", sms_signature="云川区"
    )


async def test_a_message_goes_out_with_its_template_and_our_reference(provider: Gateway) -> None:
    provider.next_answers = [{"Code": "OK", "BizId": "900619746936498440^0"}]
    await aliyun.send(aliyun_settings(provider), MESSAGE, "+8613900001234", "SMS_1")
    path, headers, _ = provider.requests[0]
    query = {name: values[0] for name, values in parse_qs(urlsplit(path).query).items()}
    assert query["PhoneNumbers"] == "13900001234" and query["OutId"] == "ref-1" and query["SignName"] == "云川区"
    assert json.loads(query["TemplateParam"]) == MESSAGE.values
    assert headers["x-acs-action"] == "SendSms" and headers["authorization"].startswith(
        "ACS3-HMAC-SHA256 Credential=id,"
    )


@pytest.mark.parametrize(
    ("answer", "fault"),
    [
        ({"Code": "isv.MOBILE_NUMBER_ILLEGAL"}, ValueError),
        ({"Code": "isv.BUSINESS_LIMIT_CONTROL"}, Unavailable),
        (503, Unavailable),
        ("silent", Unconfirmed),
    ],
)
async def test_what_the_service_answers_decides_whether_it_is_tried_again(
    provider: Gateway, answer: int | str | dict[str, str], fault: type[Exception]
) -> None:
    provider.next_answers = [answer]
    with pytest.raises(fault):
        await aliyun.send(aliyun_settings(provider), MESSAGE, "+8613900001234", "SMS_1")


async def test_without_an_approved_template_nothing_is_sent(provider: Gateway) -> None:
    with pytest.raises(ValueError, match="模板"):
        await aliyun.send(aliyun_settings(provider), MESSAGE, "+8613900001234", "")
    assert not provider.requests


# ---- WeChat ----

TEMPLATES = """
[assigned]
id = "tmpl-1"
page = "pages/cases/cases"
fields = { character_string1 = "{no}", thing2 = "{unit}办理" }
"""


def wechat_sender(provider: Gateway, tmp_path: Path) -> WeChatSender:
    path = tmp_path / "wechat.toml"
    path.write_text(TEMPLATES, "utf-8")
    secret = "of the mini-program"
    return WeChatSender.of(
        Settings(wx_app_id="wx1", wx_secret=secret, wx_base=provider.address, wx_templates=str(path))
    )


async def test_a_subscribe_message_fills_wechats_fields_and_the_token_is_asked_for_once(
    provider: Gateway, tmp_path: Path
) -> None:
    sender = wechat_sender(provider, tmp_path)
    token = {"access_token": "T1", "expires_in": 7200}
    provider.next_answers = [token, {"errcode": 0}, {"errcode": 0}]
    await sender.send(MESSAGE, "openid-1")
    await sender.send(MESSAGE, "openid-1")
    paths = [path for path, _, _ in provider.requests]
    assert paths == ["/cgi-bin/stable_token", *["/cgi-bin/message/subscribe/send?access_token=T1"] * 2]
    body = json.loads(provider.requests[1][2])
    assert body["touser"] == "openid-1" and body["template_id"] == "tmpl-1"
    assert body["data"] == {
        "character_string1": {"value": MESSAGE.values["no"]},
        "thing2": {"value": "区城管局办理"},
    }


async def test_a_token_wechat_no_longer_takes_is_renewed_once_and_one_that_ends_is_asked_for_anew(
    provider: Gateway, tmp_path: Path
) -> None:
    sender = wechat_sender(provider, tmp_path)
    provider.next_answers = [
        {"access_token": "T1", "expires_in": 7200},
        {"errcode": 40001, "errmsg": "invalid credential"},
        {"access_token": "T2", "expires_in": 7200},
        {"errcode": 0},
        {"access_token": "T3", "expires_in": 7200},
        {"errcode": 0},
    ]
    await sender.send(MESSAGE, "openid-1")
    assert provider.requests[3][0].endswith("=T2")
    later = OutgoingMessage("ref-2", MESSAGE.case_no, "assigned", MESSAGE.values, "", AT + timedelta(hours=2))
    await sender.send(later, "openid-1")
    assert provider.requests[5][0].endswith("=T3")


@pytest.mark.parametrize(("code", "fault"), [(43101, ValueError), (40003, ValueError), (45009, Unavailable)])
async def test_who_did_not_subscribe_is_told_by_another_channel(
    provider: Gateway, tmp_path: Path, code: int, fault: type[Exception]
) -> None:
    provider.next_answers = [{"access_token": "T1"}, {"errcode": code}]
    with pytest.raises(fault):
        await wechat_sender(provider, tmp_path).send(MESSAGE, "openid-1")


async def test_a_message_without_a_template_of_wechats_goes_by_another_channel(
    provider: Gateway, tmp_path: Path
) -> None:
    other = OutgoingMessage("ref-3", MESSAGE.case_no, "extended", {}, "", AT)
    with pytest.raises(ValueError, match="模板"):
        await wechat_sender(provider, tmp_path).send(other, "openid-1")
    assert not provider.requests


# ---- numbers ----


@pytest.mark.parametrize(
    ("phone", "number"),
    [("13900001234", "+8613900001234"), ("+639171234567", "+639171234567"), ("0571-88001234", ""), ("", "")],
)
def test_only_numbers_that_get_short_messages_are_sent_any(phone: str, number: str) -> None:
    assert channel.to_mobile(phone) == number
