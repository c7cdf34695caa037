"""Do the checks of a reply find its faults, and none in a good reply?"""

from dataclasses import replace

import pytest

from classify.replies import checks
from classify.replies.checks import CHECKS, ReplyContext
from feedback.rules.vocabulary import Kind, Profile, Stage
from tests.models.classifier import cold

HOTLINE = next(profile for profile in Profile if profile is not Profile.PETITION)
LAMP = ReplyContext(
    "小区门口路灯不亮",
    "清波社区东门的路灯坏了半个月，晚上老人出门看不清。请问什么时候能修好？找谁问？",
    Kind.COMPLAINT,
    HOTLINE,
    Stage.FIRST,
)
GOOD = (
    "您好！来信收到。经现场查看，清波社区东门三盏路灯因电缆进水短路。市政设施中心已于9月15日换好电缆，当晚亮灯。"
    "今后路灯不亮可拨打市政设施中心0871-65120000。感谢您的反映。"
)
APPEAL = ReplyContext("征地补偿", "对补偿标准不服，请求重新核定。", Kind.APPEAL, Profile.PETITION, Stage.FIRST)


def _finding_codes(asked: ReplyContext, answer: str) -> set[str]:
    asked = replace(asked, predict_categories=cold().top_level)
    return {finding.code for finding in checks.check_reply(asked, answer)}


def test_a_good_answer_has_no_finding() -> None:
    assert _finding_codes(LAMP, GOOD) == set()


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        ("empty", "网友：您好！您的留言已收悉。感谢您的支持！2026年9月15日"),
        ("forward_only", "您好！您反映的问题已转交街道办事处核实办理，请您耐心等待街道的联系和答复。感谢您的来信！"),
        ("question", "您好！清波社区东门路灯确实不亮，我们十分理解您的心情，会安排师傅到现场把路灯修亮。"),
        ("template", "您反映的问题，单位高度重视，将进一步加强管理，切实履行职责，不断完善服务，让群众满意。"),
        ("template", "经现场查看，路灯已于【填写时间】修好，当晚亮灯，请您放心出行，有问题随时联系我们。"),
        ("personal", "经查，路灯由王师傅负责，他的手机13812345678，已于9月15日修好。"),
        ("long_sentences", "经查" + "路灯线路老化需要更换" * 12 + "，已于9月15日修好。"),
        ("officialese", "来信收悉，兹函复如下：上述路段路灯鉴于电缆故障，业经抢修，届时予以亮灯，特此函复，9月15日。"),
        (
            "off_topic",
            "根据义务教育法的规定，适龄儿童应当在户籍所在地入学。今年招生工作于8月20日开始，请家长携带户口簿、房产证"
            "到学校现场审核材料，逾期视为放弃学位。具体要求见学校公告。",
        ),
    ],
)  # fmt: skip
def test_each_check_finds_its_own_fault(code: str, answer: str) -> None:
    assert code in _finding_codes(LAMP, answer)


@pytest.mark.parametrize(
    ("code", "answer"),
    [
        pytest.param("empty", "网友:您好!您反映的问题已收悉,因路灯由市供电公司管护,请拨打95598报修。感谢您的支持!", id="half-width marks"),
        pytest.param("off_topic", "您好！已列入下个月的维护计划，由养护班安排，完成后会电话告诉您。", id="short and to the point"),
    ],
)  # fmt: skip
def test_a_short_answer_is_not_taken_for_an_empty_one(code: str, answer: str) -> None:
    assert code not in _finding_codes(LAMP, answer)


def test_a_rhetorical_question_is_no_question() -> None:
    asked = ReplyContext("水费去向不明", "收的水费去哪了？是谁批准的？", Kind.COMPLAINT, HOTLINE, Stage.FIRST)
    assert "question" not in _finding_codes(asked, "您好！经查，收费账目已经公开，没有发现挪用。")


def test_a_petition_needs_its_legal_basis_and_the_way_to_review() -> None:
    assert {"no_basis", "no_review"} <= _finding_codes(APPEAL, "经查，补偿款已按标准发放，不予支持您的请求，请您理解。")
    reply = (
        "经查，补偿款按《土地管理法》第四十八条和区片综合地价计算，没有少算，对重新核定的请求不予支持。"
        "如不服，可在收到本意见之日起三十日内向云川区人民政府请求复查。"
    )
    assert not {"no_basis", "no_review"} & _finding_codes(APPEAL, reply)
    last = ReplyContext(APPEAL.title, APPEAL.text, APPEAL.kind, APPEAL.profile, Stage.RE_REVIEW)
    assert "no_review" not in _finding_codes(last, reply[:60])


def test_an_answer_in_other_words_about_the_same_matter_is_on_topic() -> None:
    asked = ReplyContext("晚上太黑", "巷子里一片漆黑，老人摔了两次。", Kind.COMPLAINT, HOTLINE, Stage.FIRST)
    answer = (
        "您好！市政设施中心派员到现场，三盏路灯因电缆进水短路，已于9月15日换好电缆并亮灯；以后照明设施有故障，"
        "请拨打抢修值班室，值班人员两小时内到场处理。"
    )
    assert checks.measure_similarity(asked.title + asked.text, answer) < checks.MIN_COSINE
    assert "off_topic" not in _finding_codes(asked, answer)


def test_without_a_classifier_no_answer_is_off_topic() -> None:
    other = "根据义务教育法的规定，适龄儿童应当在户籍所在地入学，请家长携带户口簿、房产证到学校审核材料。" * 2
    assert "off_topic" in _finding_codes(LAMP, other)
    assert "off_topic" not in {finding.code for finding in checks.check_reply(LAMP, other)}


def test_every_row_has_advice_and_a_source() -> None:
    assert all(check.advice and check.source and check.label for check in CHECKS)
    assert len({check.code for check in CHECKS}) == len(CHECKS)


def test_an_answer_is_more_similar_to_its_own_message_than_to_another() -> None:
    own = checks.measure_similarity(LAMP.title + LAMP.text, GOOD)
    other = checks.measure_similarity(LAMP.title + LAMP.text, "医保报销比例按参保类型执行，门诊起付线为三百元。")
    assert own > 5 * other
