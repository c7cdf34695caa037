"""Is urgency detected where there is danger, and nowhere else?"""

import pytest

from classify.signals.urgency import SIGNS, detect_level, detect_signs

DANGER = (
    ("楼道里煤气味特别大", "三单元楼道里煤气味特别大，可能是燃气管道漏了，快来人"),
    ("天然气泄漏", "厨房天然气阀门处一直在漏，物业电话打不通"),
    ("老人被困电梯", "5号楼电梯停在三层和四层之间，有老人被困在电梯里"),
    ("仓库起火了", "村口的废品仓库起火了，冒着浓烟"),
    ("实在活不下去了", "拖欠我三年的工程款，再不解决我就从楼上跳下去，活不下去了"),
    ("讨薪", "如果今天还不给说法，我就跳楼"),
    ("土房快塌了", "连着下雨，老房子的墙裂了大口子，随时会倒塌，里面还住着人"),
    ("孩子掉进井里", "有小孩掉进了没盖的机井，快来救人"),
    ("学校食堂", "中午吃完饭班里十几个孩子集体呕吐"),
    ("高压线断了", "大风把高压线刮断了，垂在地里"),
    ("求助", "我奶奶走失了，八十岁，早上出门没回来"),
)
A_DAY = (
    ("已经停水三天", "小区停水三天了，老人孩子没水用"),
    ("又停电", "从昨晚开始停电，到现在没来电"),
    ("家里没暖气", "外面零下十度，暖气一直不热，孩子都冻感冒了"),
    ("井盖丢了", "人民路公交站旁边的井盖不见了，晚上很危险"),
    ("路面塌陷", "幸福路东口路面塌陷，有个一米多的大坑"),
    ("外墙掉砖", "六号楼外墙瓷砖不断掉落，砸到了楼下的车"),
    ("污水倒灌", "下雨天一楼厕所污水倒灌"),
    ("上个月停水到现在", "上个月开始停水，至今还没恢复，我们一直没水吃"),
)
CALM = (
    ("咨询停水通知", "请问明天的停水通知是几点到几点"),
    ("停电补偿", "去年停电造成的损失怎么申请补偿"),
    ("建议开展消防演练", "建议社区多开展防火宣传，防止火灾发生"),
    ("感谢消防员", "感谢消防员救出被困在电梯里的老人"),
    ("暖气费", "暖气费收费标准是多少"),
    ("工地噪声扰民", "幸福路工地连续一周夜里十一点后仍在打桩，老人孩子无法休息"),
    ("拖欠工资", "单位拖欠三个月工资，也没有缴纳社会保险"),
    ("公交末班车太早", "二十三路公交末班车太早，站台路灯也坏了"),
    ("煤气罐换新", "煤气灶具安全检查什么时候上门"),
    ("反映井盖", "上次反映的井盖已经补上了，谢谢"),
    ("天气", "气温太高，学校教室没有空调"),
    ("救命药", "医保目录里什么时候能有这种救命药"),
    ("心理讲座", "社区能不能办一次预防自杀率上升的心理讲座"),
)


@pytest.mark.parametrize(("title", "text"), DANGER, ids=[title for title, _ in DANGER])
def test_danger_to_life_is_level_one(title: str, text: str) -> None:
    assert detect_level(title, text) == 1, detect_signs(title, text)


@pytest.mark.parametrize(("title", "text"), A_DAY, ids=[title for title, _ in A_DAY])
def test_an_interrupted_basic_supply_is_level_two(title: str, text: str) -> None:
    assert detect_level(title, text) == 2, detect_signs(title, text)


@pytest.mark.parametrize(("title", "text"), CALM, ids=[title for title, _ in CALM])
def test_the_past_questions_and_possibilities_raise_no_level(title: str, text: str) -> None:
    assert detect_signs(title, text) == ()


def test_every_sign_has_a_reason_and_a_level_of_the_clocks() -> None:
    assert all(sign.why and sign.level in (1, 2) for sign in SIGNS)


def test_a_sign_contains_the_words_that_matched() -> None:
    first = detect_signs("井盖丢了", "楼道里天然气泄漏")[0]
    assert (first.level, first.words) == (1, "天然气泄漏")


def test_a_text_of_twenty_thousand_characters_is_read_in_a_moment() -> None:
    assert detect_level("长", "请有关部门查处" * 3000) == 0


def test_danger_is_heard_in_traditional_characters_and_shown_as_it_was_written() -> None:
    (sign,) = detect_signs("求助", "樓道裡天然氣洩漏")
    assert (sign.level, sign.words) == (1, "天然氣洩漏")
    assert detect_level("求助", "不想\u200b活了") == 1
