"""Masking covers all personal data and nothing else."""

import itertools
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from feedback.rules import normal_form
from feedback.rules.redaction import find_personal_data, mask_id_number, mask_name, mask_phone, mask_text

FINDING = Path(__file__).with_name("data") / "published_once.json"


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        pytest.param("我叫王小明，住在清波社区", "我叫王**，住在清波社区", id="a name somebody says of himself"),
        pytest.param("姓名：安小娜 求助", "姓名：安** 求助", id="a name after a full-width colon"),
        pytest.param("电话13812345678", "电话138****5678", id="a mobile number"),
        pytest.param("电话 138 1234 5678。", "电话 138****5678。", id="a mobile number in groups"),
        pytest.param("座机0917-3321456", "座机091****1456", id="a landline"),
        pytest.param("车牌京A·12345乱停", "车牌********乱停", id="a number plate"),
        pytest.param("住3号楼2单元501室", "住********", id="a door"),
        pytest.param("微信：abc_12345", "微信：********", id="an account"),
        pytest.param("电话１３８００００１１１１", "电话138****1111", id="a mobile number in full width"),
        pytest.param("手机138.0000.1111", "手机138****1111", id="a mobile number with dots"),
        pytest.param("手机138·0000·1111", "手机138****1111", id="a mobile number with middle dots"),
        pytest.param("手机138—0000—1111", "手机138****1111", id="a mobile number with dashes"),
        pytest.param("手机+86 138 0000 1111", "手机138****1111", id="a mobile number with its country"),
        pytest.param("座机057188881234", "座机057****1234", id="a landline without a dash"),
        pytest.param("座机(0571)88881234", "座机057****1234", id="a landline with brackets"),
        pytest.param("座机（0571）8888 1234", "座机057****1234", id="a landline with full-width brackets in groups"),
        pytest.param("护照EA1234567", "护照********", id="a passport"),
        pytest.param("证件EA1234567", "证件********", id="a passport by its form"),
        pytest.param("港澳通行证H1234567890", "港澳通行证********", id="a permit for Hong Kong"),
        pytest.param("证号110105491231002", "证号********", id="an identity number of 15 places"),
        pytest.param(
            "身份证１１０１０５１９４９１２３１００２X", "身份证********", id="an identity number in full width"
        ),
        pytest.param("卡号６２２２０２１２３４５６７８９０１２３", "卡号********", id="a bank card in full width"),
        pytest.param("车牌粤Z1234港", "车牌*******", id="a plate of Hong Kong"),
        pytest.param("车牌浙A1234警", "车牌*******", id="a plate of the police"),
        pytest.param("车牌浙А12345", "车牌*******", id="a plate with a Cyrillic letter"),
        pytest.param("翠苑三区12-1-302", "翠苑三区********", id="a door by three numbers"),
    ],
)
def test_what_is_personal_is_covered(text: str, covered: str) -> None:
    assert mask_text(text) == covered


def test_an_identity_number_is_covered_and_an_order_number_is_not() -> None:
    assert "19900307" not in mask_text("身份证11010119900307451X，请核实")
    assert mask_text("工单编号20261121048213已办") == "工单编号20261121048213已办"


@pytest.mark.parametrize(
    "text",
    [
        "本人户口在外地，想问入学",
        "我是低保户，申请救助",
        "本人多次反映，没有结果",
        "请拨打12345或者96301",
        "费用138.00元，共3800.00元",
        "面积1380.50平方米，造价12345678元",
        "根据国办发〔2019〕51号第12条",
        "公交138路、K801路末班车20:30",
        "12-1-2026前办结",
    ],
)
def test_plain_words_are_left_alone(text: str) -> None:
    assert mask_text(text) == text


@pytest.mark.parametrize("finding", json.loads(FINDING.read_text(encoding="utf-8")))
def test_every_form_that_was_published_once_is_covered(finding: str) -> None:
    """Finding R24: what the form offered for publication as it stood."""
    assert find_personal_data(finding)


def test_numbers_of_offices_stay_and_those_of_people_do_not() -> None:
    assert mask_text("请拨打区住建局电话0571-88881234") == "请拨打区住建局电话0571-88881234"
    assert mask_text("咨询电话：88881234（征收办）") == "咨询电话：88881234（征收办）"
    assert mask_text("已向住建局反映，电话0571-88881234") == "已向住建局反映，电话057****1234"
    office = ["0571-8888 1234"]
    assert mask_text("电话057188881234、电话88881234", public_phones=office) == "电话057188881234、电话88881234"
    assert mask_text("电话057188881235", public_phones=office) == "电话057****1235"
    assert mask_text("手机13888881234", public_phones=office) == "手机138****1234"


def test_two_findings_that_overlap_leave_no_end_uncovered() -> None:
    (span,) = find_personal_data("微信：13812345678abc")
    assert (span.sort, span.text) == ("account", "13812345678abc")


def test_known_names_are_found_wherever_they_stand() -> None:
    assert [f.text for f in find_personal_data("答复安小娜：情况属实", names=["安小娜"])] == ["安小娜"]


def test_short_forms_keep_just_enough_to_recognise() -> None:
    assert (mask_name("王小明"), mask_phone("13812345678")) == ("王**", "138****5678")
    assert mask_id_number("11010119900307451X") == "110*************1X"


@given(st.text(max_size=200))
def test_the_plain_form_keeps_every_character_in_its_place(text: str) -> None:
    plain = normal_form.fold(text)
    assert len(plain) == len(text)
    assert normal_form.fold(plain) == plain


@given(st.text(alphabet="138０１-．· 一三号栋A京", max_size=60))
def test_what_is_covered_is_not_found_again_and_the_rest_stays(text: str) -> None:
    spans = find_personal_data(text)
    assert all(text[span.start : span.end] == span.text for span in spans)
    rest = [text[a.end : b.start] for a, b in itertools.pairwise(spans)]
    covered = mask_text(text)
    assert all(piece in covered for piece in rest)


@pytest.mark.parametrize(
    ("text", "covered"),
    [
        ("护照编号：EA1234567", "护照编号：********"),
        ("身份证编号110105491231002", "身份证编号********"),
        ("港澳通行证编号H1234567890", "港澳通行证编号********"),
        ("信访件编号EA1234567", "信访件编号EA1234567"),
        ("住处电话0571-88881234", "住处电话057****1234"),
        ("派出所电话0571-88881234", "派出所电话0571-88881234"),
        ("浙 A 12345", "********"),
        ("我是黄埔区的居民", "我是黄埔区的居民"),
        ("我是陈国镇的儿子", "我是陈**的儿子"),
    ],
)
def test_the_words_beside_a_number_or_name_say_whose_it_is(text: str, covered: str) -> None:
    assert mask_text(text) == covered
