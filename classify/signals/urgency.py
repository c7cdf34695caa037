"""Urgency of a message (danger to life, utilities cut off), by a table of signs, with reasons.

Levels of the clocks: 1 危及生命 (two hours), 2 基本生活中断或公共安全隐患 (a day), 0 neither. The rules are applied clause by
clause and conservatively: a clause about the past, a possibility, an announcement or a question raises nothing. A threat
of self-harm always counts. The level shortens clocks and raises attention; it never lengthens a clock. No I/O.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from feedback.rules import normal_form


@dataclass(frozen=True, slots=True)
class UrgencyRule:
    """One row: a pattern, its level and the reason. `always`: also in a clause about the past or a possibility."""

    level: int
    pattern: re.Pattern[str]
    why: str
    always: bool = False
    is_self_harm: bool = False


@dataclass(frozen=True, slots=True)
class UrgencySign:
    """A match of a rule in a message: the level, the reason, and the matching words."""

    level: int
    why: str
    words: str
    is_self_harm: bool = False


def _sign(level: int, why: str, *ways: str, always: bool = False, is_self_harm: bool = False) -> UrgencyRule:
    return UrgencyRule(level, re.compile("|".join(ways)), why, always, is_self_harm)


_SOMEBODY = (
    r"(?:有人|老人|老太|大爷|大妈|孩子|小孩|儿童|学生|工人|乘客|居民|村民|母亲|父亲|妈妈|爸爸|邻居|我们?|他们?|她们?)"
)
_GAS = r"(?:煤气|燃气|天然气|液化气)"
_WIRE = r"(?:电线|电缆|高压线|线缆|变压器)"

SIGNS: tuple[UrgencyRule, ...] = (
    # --- 1 danger to life 危及生命
    _sign(
        1, "有人流露轻生念头",
        r"不想活(?!动|跃)", r"活不下去", r"想死(?!你|了都)", r"(?:要|想|就|去|准备|打算|扬言|威胁)[^，。]{0,6}(?:跳楼|跳河|跳桥|自杀|轻生|自焚|喝农药|割腕)",
        r"自杀(?!率|预防|干预|式)", r"轻生", r"同归于尽", r"结束(?:自己的?)?生命",
        always=True, is_self_harm=True,
    ),
    _sign(
        1, "燃气泄漏",
        _GAS + r"[^，。]{0,8}(?:泄漏|泄露|漏气|漏了|在漏|外泄|嘶嘶)",
        r"(?:泄漏|漏)(?:煤气|燃气|天然气|液化气)",
        r"(?:很|非常|特别|好)(?:大|浓|重)的?(?:一股)?" + _GAS + "味",
        _GAS + r"味[^，。]{0,4}(?:很|非常|特别|好|越来越)(?:大|浓|重)",
    ),
    _sign(
        1, "有人被困",
        _SOMEBODY + r"[^，。]{0,8}(?:被困|被关在|困在|卡在)[^，。]{0,2}(?:电梯|火|水|井|屋|楼|车|山|洞|里|河)",
        r"(?:困在|卡在|关在)电梯里",
        r"电梯(?:里)?(?:困|关)(?:了|着|住)(?:.{0,3}人|老人|孩子)",
        r"被埋(?:在|了|压)",
        r"压在(?:下面|底下|废墟)",
    ),
    _sign(1, "起火或爆炸", r"着火了", r"起火了", r"失火了", r"火势", r"冒(?:着|出)?浓烟", r"(?:发生|突然)(?:了)?爆炸", r"爆炸了"),
    _sign(
        1, "有人触电或电线带电落地",
        r"触电(?:了|倒|身亡|受伤|昏)",
        r"被电(?:到|倒|晕|伤)",
        _WIRE + r"[^，。]{0,8}(?:冒火|打火|火花|漏电|带电)",
        r"高压线[^，。]{0,4}(?:断|掉|落|垂)",
    ),
    _sign(
        1, "房屋或山体随时会塌",
        r"(?:随时|马上|眼看|快|就)(?:都)?(?:会|可能|要|有可能)?(?:坍塌|垮塌|倒塌|塌方|塌了|塌下来|要塌)",
        r"正在(?:坍塌|垮塌|塌|滑坡|下滑)",
        r"(?:山体滑坡|泥石流|山洪|洪水)[^，。]{0,6}(?:来了|进村|进屋|冲|淹|下来)",
    ),
    _sign(
        1, "有人正受暴力侵害",
        r"正在(?:打人|砍人|行凶|施暴|家暴|追打|被打|打砸)",
        r"(?:拿|持|提)着?刀",
        r"快被打死",
        r"救命(?!恩|药|钱|稻)",
    ),
    _sign(1, "有人落水", _SOMEBODY + r"[^，。]{0,6}(?:落水|溺水|掉(?:进|到|入)(?:了)?[^，。]{0,4}(?:河|井|水|江|湖|塘|坑))"),
    _sign(1, "有人中毒", r"食物中毒", r"(?:一氧化碳|煤气|农药)中毒", r"集体[^，。]{0,6}(?:呕吐|中毒|腹泻)"),
    _sign(1, "老人或孩子走失", r"(?:孩子|小孩|女儿|儿子|老人|老母亲|老父亲|奶奶|爷爷)[^，。]{0,6}(?:走失|走丢|失踪|失联|不见了)"),
    _sign(1, "危险化学品泄漏", r"(?:氯气|液氨|氨气|硫酸|盐酸|危化品|危险化学品|化学品|油罐车|槽罐车)[^，。]{0,6}(?:泄漏|泄露|漏|翻)"),
    # --- 2 a day 基本生活中断、公共安全隐患
    _sign(
        2, "停水",
        r"(?<!水电)停水(?!费|补偿|损失)", r"断水", r"没(?:有)?(?:自来)?水(?:用|喝|吃|了|可)", r"一滴水", r"(?:自来水|水管|供水管)[^，。]{0,6}(?:爆了|爆裂|爆管|爆开)",
        r"没来水",
    ),
    _sign(2, "停电", r"停电(?!费|补偿|损失)", r"断电", r"没(?:有)?电(?:用|了|可)", r"没来电"),
    _sign(2, "停气", r"停(?:了)?(?:天然|燃|煤)?气(?![象候温])", r"没(?:有)?(?:天然|燃|煤)气(?:用|了|可)", _GAS + r"[^，。]{0,3}(?:停了|断了|断供)"),
    _sign(
        2, "冬季不供暖",
        r"(?:暖气|供暖|供热|地暖)[^，。]{0,6}(?:停了|停供|断了|冰凉|冰冷|一点不热|一直不热|没有热|不热)",
        r"没(?:有)?(?:暖气|供暖)", r"停(?:了)?(?:暖|供暖|供热)",
    ),
    _sign(
        2, "井盖缺失",
        r"井盖[^，。]{0,10}(?:丢|没了|不见|缺失|缺了|被偷|被盗|破损|破了|碎|塌|掉|翘|没有|移位)", r"(?:没|无|缺|丢)(?:有|了|失)?(?:一个)?井盖",
        r"没(?:有)?盖(?:子)?的?[^，。]{0,3}(?:下水|窨)?井",
    ),
    _sign(2, "路面塌陷", r"(?:路面|地面|马路|人行道|路基|桥面)[^，。]{0,6}(?:塌陷|塌了|陷下去|下陷|塌方|大坑|大洞)"),
    _sign(2, "电线垂落", _WIRE + r"[^，。]{0,6}(?:垂|掉下|掉在|断了|裸露|耷拉|拖在地)"),
    _sign(2, "高空坠物", r"(?:外墙|墙皮|墙砖|瓷砖|广告牌|玻璃|空调外机|阳台)[^，。]{0,8}(?:脱落|掉落|坠落|掉下|摇摇欲坠|要掉|砸)"),
    _sign(2, "电梯失控", r"电梯[^，。]{0,6}(?:坠落|下坠|急坠|失控|坠了|往下掉)"),
    _sign(2, "水淹或污水倒灌", r"倒灌", r"(?:积水|雨水|污水|河水)[^，。]{0,6}(?:进屋|进家|漫进|灌进|淹了|进了)"),
    _sign(2, "树木倒伏", r"(?:大树|树木?|行道树)[^，。]{0,4}(?:倒了|倒在|倒下|压在|砸)"),
)  # fmt: skip

_CLAUSE = re.compile(r"[，,。！!？?；;：:\n]")
_SENTENCE = re.compile(r"[。！!？?；;\n]")
_OVER = re.compile(
    r"去年|前年|上个?月|上次|上周|以前|从前|曾经?|当年|那年|多年前|[一二三四五六七八九十几\d]年前|(?:19|20)\d\d年"
    r"|已经?(?:恢复|修好|解决|处理|来水|来电|补上|换新|扑灭|救)|恢复(?:了|供)|修好了"
)
_STILL = re.compile(r"至今|还没|还是|仍|到现在|一直|今天|现在|刚才|刚刚|又")
_IMAGINED = re.compile(
    r"如果|万一|假如|要是|怕|担心|防止|预防|防范|避免|以免|谨防|会不会|是否会|演练|宣传|培训|讲座|知识|预案|隐患排查|风险评估"
    r"|通知|公告|计划|检修|几点|什么时候|多久|赔偿|补偿|退费|收费标准|怎么收|缴费|建议|感谢|表扬|谢谢|拿着刀具|刀具"
)


def detect_signs(title: str, text: str) -> tuple[UrgencySign, ...]:
    """The signs of urgency in a message, the most urgent first, each reason once."""
    message = normal_form.drop_invisible(f"{title}\n{text}")
    plain = normal_form.fold_script(message)  # of the same length: the words are shown as they were written
    signs: dict[str, UrgencySign] = {}
    for start, end in _split(_SENTENCE, plain, 0, len(plain)):
        is_still = bool(_STILL.search(plain, start, end))
        for at, stop in _split(_CLAUSE, plain, start, end):
            clause = plain[at:stop]
            is_harmless = bool(_IMAGINED.search(clause)) or (bool(_OVER.search(clause)) and not is_still)
            for sign in SIGNS:
                if (sign.always or not is_harmless) and (match := sign.pattern.search(clause)):
                    words = message[at + match.start() : at + match.end()]
                    signs.setdefault(sign.why, UrgencySign(sign.level, sign.why, words, sign.is_self_harm))
    return tuple(sorted(signs.values(), key=lambda f: f.level))


def _split(separator: re.Pattern[str], text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The pieces between the separators, as positions."""
    for match in separator.finditer(text, start, end):
        yield start, match.start()
        start = match.end()
    yield start, end


def detect_level(title: str, text: str) -> int:
    """1, 2 or 0 (neither), by the most urgent sign."""
    signs = detect_signs(title, text)
    return signs[0].level if signs else 0
