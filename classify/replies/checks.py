"""Quality checks of a reply: advice for the clerk before it is sent, and figures for supervisors afterwards.

Each check is a row: what it looks for, the advice, and the source of the rule. No score is learnt and no reply is
blocked: a short answer can be a good one, and the clerk decides. No I/O.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from math import log, sqrt
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classify.model.seed_examples import seed_examples
from classify.text.features import grams, tidy
from feedback.rules import normal_form, redaction
from feedback.rules.vocabulary import Kind, Profile, Stage

MIN_COSINE: Final = 0.03
"""Below this cosine message and answer may be about different things; that alone is no proof."""

MIN_TOPIC_OVERLAP: Final = 0.15
"""Below this overlap of the predicted categories message and answer are about different things. Of 2,252 public answers
both thresholds together report 4, of which 2 or 3 rightly, and 4 in 10 of the same answers paired with wrong messages;
the cosine alone, with a threshold that finds as many of the latter, reports 5, of which 1 or 2 rightly."""

MAX_SENTENCE_LENGTH: Final = 100
MAX_LONG_SHARE: Final = 0.34
MIN_OFFICIAL_WORDS: Final = 3
MIN_SUBSTANCE: Final = 18  # characters left without greetings and closings
TEMPLATE_MAX_LENGTH: Final = 160
MIN_LENGTH_FOR_TOPIC: Final = 80  # a shorter answer may be to the point and name nothing
MIN_BESIDE_FORWARDING: Final = 40
MAX_COPIED_SHARE: Final = 0.7


PredictCategories = Callable[[str, str], NDArray[Any]]
"""The probabilities of the level-1 categories a classifier predicts for a title and a text."""


@dataclass(frozen=True, slots=True)
class ReplyContext:
    """The message a reply answers, and the profile whose rules apply. `predict_categories`: the classifier, if any."""

    title: str
    text: str
    kind: Kind
    profile: Profile
    stage: Stage
    predict_categories: PredictCategories | None = None


@dataclass(frozen=True, slots=True)
class ReplyFinding:
    """A possible fault: `evidence` are the words that show it, "" when something is missing."""

    code: str
    advice: str
    source: str
    evidence: str


@dataclass(frozen=True, slots=True)
class ReplyCheck:
    """One row. `find` returns the evidence, None when there is no fault."""

    code: str
    label: str
    advice: str
    source: str
    find: Callable[[ReplyContext, str], str | None]


def check_reply(context: ReplyContext, answer: str) -> tuple[ReplyFinding, ...]:
    """Run all checks on an answer and return their findings."""
    results = ((check, check.find(context, answer)) for check in CHECKS)
    return tuple(
        ReplyFinding(check.code, check.advice, check.source, evidence)
        for check, evidence in results
        if evidence is not None
    )


# ---- an answer without its courtesies

_COURTESY = re.compile(
    r"(?:尊敬的)?(?:网友|网民|市民|群众|同志|先生|女士|朋友|来信人|信访人|当事人)?[“\"]?[^“”\"，。！：]{0,12}[”\"]?[:：，,]?\s{0,4}(?:您好|你好)[!！。，,:：]?"
    r"|[^。！\n]{0,40}(?:收悉|获悉|已收到|收到了)[^。！，；\n]{0,12}[。！，,]?"
    r"|[^。！\n]{0,12}(?:现(?:将|就)?[^。！\n]{0,20}(?:回复|答复|说明|反馈)(?:如下)?|(?:回复|答复)如下)[:：。，]?"
    r"|[^。！，\n]{0,8}(?:感谢|谢谢)[^。！，；\n]{0,30}[。！]?|欢迎[^。！\n]{0,40}[。！]?|祝[^。！\n]{0,20}[。！]?|特此(?:回复|答复|说明)[。！]?"
    r"|\d{4}年\d{1,2}月\d{1,2}日\s{0,8}$|此致|敬礼"
)
_MARKS: Final = str.maketrans(",;!?:", "，；！？：")
_SPACE = re.compile(r"\s+")
_SENTENCE = re.compile(r"[。！!？?；;\n]")
_SENTENCE_END = re.compile(r"([。！!？?；;\n])")


def strip_courtesies(answer: str) -> str:
    """The answer without greeting, thanks and date."""
    return _SPACE.sub("", _COURTESY.sub("", answer.strip().translate(_MARKS)))


# ---- the checks


def _find_no_substance(context: ReplyContext, answer: str) -> str | None:
    remaining = strip_courtesies(answer)
    return remaining if len(remaining) < MIN_SUBSTANCE else None


_FORWARD = re.compile(
    r"[^，。；]{0,24}(?:(?<![左右调反])转(?:交|送|给|至|办|达|发|呈|[^，。；\d]{1,12}(?:局|办|部门|单位|街道|镇|乡|区|县|委|政府|处|公司|中心|会))|(?<!热线)(?<!接到)交办(?!后)|交由|移交|转有关|反馈给|反映给)[^，。；]{0,30}"
)
_RESULT = re.compile(
    r"经(?:查|调查|核实|核查|了解|现场|与)|据(?:查|了解)|核实|查明|已(?:经)?(?:完成|修复|整改|解决|处理|拆除|清理|清运|发放|补发|退还|安装|恢复|办结|责令|约谈|立案|处罚|列入|纳入|安排|启动|开通|组织|协调)"
    r"|责令|处罚|规定|根据|按照|依据|条例|办法|目前|由于|因此|预计|计划|\d[元%％米平户]"
)


def _find_forward_only(context: ReplyContext, answer: str) -> str | None:
    """The first sentence that forwards the case, when there is hardly any text besides such sentences."""
    sentences = [sentence for sentence in _SENTENCE.split(strip_courtesies(answer)) if sentence]
    forwarding = [s for s in sentences if _FORWARD.search(s) and not _RESULT.search(_FORWARD.sub("", s))]
    rest = [s for s in sentences if s not in forwarding]
    return forwarding[0] if forwarding and sum(map(len, rest)) < MIN_BESIDE_FORWARDING else None


def _find_off_topic(context: ReplyContext, answer: str) -> str | None:
    """Neither similar words nor the same category. Not checked without a classifier: words alone give false alarms."""
    remaining = strip_courtesies(answer)
    if context.predict_categories is None or len(remaining) < MIN_LENGTH_FOR_TOPIC or not tidy(context.text):
        return None
    if (
        _find_forward_only(context, answer) is not None
        or measure_similarity(f"{context.title} {context.text}", answer) >= MIN_COSINE
    ):
        return None  # reported by another check, or on topic
    shared = np.minimum(
        context.predict_categories(context.title, context.text), context.predict_categories("", remaining)
    ).sum()
    return "" if shared < MIN_TOPIC_OVERLAP else None


_ASKS = re.compile(r"请问|想问|咨询(?:一下|下)?|想知道|请告知|请教")
_RHETORIC = re.compile(
    r"何时了|何时休|何时能?才|什么时候(?:才|能不|是个头)|不管什么时候|多久(?:整|才)|凭什么|难道|怎么能|怎么会|去(?:了)?哪(?:里|儿)?了|是谁"
)
_QUESTION_KINDS: Final[tuple[tuple[str, re.Pattern[str], re.Pattern[str]], ...]] = (
    ("时间", re.compile(r"什么时候|何时|多久|几点|几时|什么时间|哪天|哪年"),
     re.compile(r"\d\s{0,4}(?:年|月|日|号|时|点|天|周|个工作日|个月)|[一二三四五六七八九十](?:年|月|日|天|周|个月|个工作日)|年[内底初]|月底|季度|春节|暑假|工作日|尚未|暂无|还没有|近期|尽快|目前")),
    ("金额或标准", re.compile(r"多少钱|收费标准|费用(?:是|怎么|标准)|补贴(?:是)?多少|标准是(?:什么|多少)"),
     re.compile(r"\d|元|免费|不收|标准|[一二三四五六七八九十百千万](?:元|倍|%)")),
    ("地点", re.compile(r"在哪(?:里|儿)?|哪里(?:可以|能)?办|去哪|什么地方|哪个部门|哪个单位"),
     re.compile(r"[路街道巷]|号|大厅|中心|窗口|局|所|站|社区|地址|网|线上|平台|单位|部门|学校|医院|楼")),
    ("材料", re.compile(r"(?:什么|哪些)(?:材料|资料|手续|证件|证明)|需要(?:带|准备)"),
     re.compile(r"证|表|原件|复印件|材料|资料|户口|合同|申请|证明|照片")),
    ("电话", re.compile(r"(?:联系|咨询)?电话(?:是)?多少|怎么联系"), re.compile(r"\d{5,}|12345")),
)  # fmt: skip


def _list_questions(text: str) -> Iterator[str]:
    """What a message asks: sentences that end with a question mark, and others with a word that asks."""
    pieces = _SENTENCE_END.split(text)
    for sentence, end in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
        if sentence and end in ("？", "?"):
            yield sentence + end
        elif (match := _ASKS.search(normal_form.simplify(sentence))) and match.end() < len(sentence):
            yield sentence


def _find_unanswered_question(context: ReplyContext, answer: str) -> str | None:
    """The first question whose kind of answer (a time, a sum, a place, papers, a number) is nowhere in the reply."""
    for sentence in _list_questions(f"{context.title}\n{context.text}"):
        plain = normal_form.simplify(sentence)
        if _RHETORIC.search(plain):
            continue
        for _, question_pattern, answer_pattern in _QUESTION_KINDS:
            if question_pattern.search(plain) and not answer_pattern.search(answer):
                return _SPACE.sub("", sentence)[-60:]
    return None


_BASIS = re.compile(
    r"《[^》]+》|第[一二三四五六七八九十百零\d]+条|[〔\[（(]\d{4}[〕\]）)]\s*\d+\s*号|条例|办法|规定|法律|民法典|文件精神"
)


def _find_no_basis(context: ReplyContext, answer: str) -> str | None:
    return "" if context.profile is Profile.PETITION and not _BASIS.search(answer) else None


def _find_no_review(context: ReplyContext, answer: str) -> str | None:
    """Checked only for an appeal under the petition rules, and only where there is a next instance."""
    if context.profile is not Profile.PETITION or context.kind is not Kind.APPEAL or context.stage not in _REVIEWED:
        return None
    return None if re.search(r"复查|复核", answer) and re.search(r"30|三十", answer) else ""


_PHRASES = (
    "高度重视", "第一时间", "进一步加强", "进一步加大", "加大力度", "切实履行", "认真履行", "积极协调", "密切关注", "持续跟进", "全力以赴", "依法依规", "高位推动",
    "举一反三", "确保人民群众", "理解和支持", "理解与支持", "支持与监督", "支持、理解", "不断完善", "统筹考虑", "稳步推进", "有序推进", "压实责任", "形成合力", "跟踪督办",
)  # fmt: skip
_SPECIFIC = re.compile(r"\d|[路街镇乡村]|小区|社区|公司|学校|医院|经(?:查|调查|核实|了解|现场)|《")
_BLANK = re.compile(
    r"[_＿]{2,}|[×xX]{2,}(?:[月日年号元]|同志|单位)|【(?:\s*|[^】\d]{0,4}(?:填|姓名|单位|时间|地点|结果)[^】\d]{0,6})】|（(?:此处|填写|姓名|单位|时间)[^）]{0,12}）|\{\s*\}"
)


def _find_template(context: ReplyContext, answer: str) -> str | None:
    """The set phrases of an answer without particulars, an unfilled blank, or a copy of the message."""
    if blank := _BLANK.search(answer):
        return blank[0]
    remaining = strip_courtesies(answer)
    used = [phrase for phrase in _PHRASES if phrase in remaining]
    if len(used) >= 2 and not _SPECIFIC.search(remaining) and len(remaining) < TEMPLATE_MAX_LENGTH:
        return "、".join(used)
    if len(remaining) >= 40 and _copied_share(context.text, remaining) > MAX_COPIED_SHARE:
        return remaining[:40]
    return None


def _copied_share(message: str, remaining: str) -> float:
    """The share of the answer that is copied word for word from the message."""
    original, remaining = normal_form.simplify(_SPACE.sub("", message)), normal_form.simplify(remaining)
    eights = [remaining[i : i + 8] for i in range(len(remaining) - 7)]
    return sum(piece in original for piece in eights) / len(eights) if eights else 0.0


def _find_personal_data(context: ReplyContext, answer: str) -> str | None:
    # Landline numbers are those of offices, not personal data.
    matches = [
        f
        for f in redaction.find_personal_data(answer)
        if not (f.sort == "phone" and f.text.lstrip("(（").startswith(("0", "０")))
    ]
    return "、".join(dict.fromkeys(f.text for f in matches)) if matches else None


def _find_long_sentences(context: ReplyContext, answer: str) -> str | None:
    sentences = [_SPACE.sub("", s) for s in _SENTENCE.split(answer) if len(s.strip()) > 4]
    long = [s for s in sentences if len(s) > MAX_SENTENCE_LENGTH]
    return max(long, key=len)[:60] if sentences and len(long) > MAX_LONG_SHARE * len(sentences) else None


PLAIN_WORDS: Final[Mapping[str, str]] = {
    "收悉": "收到", "兹": "现在", "予以": "给", "业经": "已经", "业已": "已经", "鉴于": "因为", "届时": "到时候", "函复": "回信", "特此": "（可删）", "悉知": "知道", "贵单位": "您单位",
    "该同志": "他（她）", "上述": "前面说的", "之规定": "的规定", "拟": "打算", "其": "他（她、它）的", "均": "都", "尚未": "还没有", "如若": "如果", "抑或": "或者", "系": "是", "亦": "也", "遂": "于是",
    "故": "所以", "应予": "应当", "暂不具备": "现在还没有", "不予": "不", "获悉": "知道", "函询": "发信询问", "报经": "报给", "会同": "和", "着力": "努力", "据此": "所以", "酌情": "看情况", "责成": "要求",
}  # fmt: skip
_OFFICIAL = re.compile("|".join(sorted((w for w in PLAIN_WORDS if len(w) > 1), key=len, reverse=True)))


def _find_officialese(context: ReplyContext, answer: str) -> str | None:
    used = Counter(_OFFICIAL.findall(answer))
    if sum(used.values()) < max(MIN_OFFICIAL_WORDS, len(answer) / 150):
        return None
    return "，".join(f"“{word}”可写“{PLAIN_WORDS[word]}”" for word, _ in used.most_common(4))


_REVIEWED = frozenset({Stage.FIRST, Stage.REVIEW})
_OWN_RULES = "平台写作要求"
CHECKS: Final[tuple[ReplyCheck, ...]] = (
    ReplyCheck("empty", "没有实质内容", "写明查了什么、结果是什么、下一步谁来做。", "国办发〔2020〕53号（闭环办理、及时答复）", _find_no_substance),
    ReplyCheck("forward_only", "只转不办", "转给别的单位不是答复：写明转给了谁、什么时候有结果、找谁问。", "国办发〔2020〕53号（办理部门对办理结果负责）", _find_forward_only),
    ReplyCheck("off_topic", "可能答非所问", "来信的关键词几乎没有出现，答的像是另一类事情，请核对是不是回错了件，或者没有回到点上。", _OWN_RULES, _find_off_topic),
    ReplyCheck("question", "有问题没有回答", "来信问到的，请逐一回答；现在答不了的写明什么时候能答。", _OWN_RULES, _find_unanswered_question),
    ReplyCheck("no_basis", "没有写依据", "处理意见要写明依据的法律、法规、规章名称和条款。", "信访工作条例 第三十二条", _find_no_basis),
    ReplyCheck("no_review", "没有告知复查权利", "写明：不服的，可在收到之日起三十日内请求原办理单位的上一级机关、单位复查（复核），并写出是哪一个单位。", "信访工作条例 第三十五条、第三十六条", _find_no_review),
    ReplyCheck("template", "像套话", "补上这一件的时间、地点、做法和结果，填好空白处。", _OWN_RULES, _find_template),
    ReplyCheck("personal", "含个人信息", "删去或改成认不出本人的写法。", "个人信息保护法 第六条、信访工作条例 第三十条", _find_personal_data),
    ReplyCheck("long_sentences", "句子太长", f"一句最好不超过 60 字；现有句子超过 {MAX_SENTENCE_LENGTH} 字，请断开。", _OWN_RULES, _find_long_sentences),
    ReplyCheck("officialese", "公文腔", "换成平常话。", _OWN_RULES, _find_officialese),
)  # fmt: skip
LABELS: Final[Mapping[str, str]] = {check.code: check.label for check in CHECKS}


# ---- similarity of message and answer


def measure_similarity(message: str, other: str) -> float:
    """Cosine of character pairs, weighted by their rarity in our own examples."""
    a, b = _pair_vector(message), _pair_vector(other)
    if not a or not b:
        return 0.0
    return sum(value * b[pair] for pair, value in a.items() if pair in b)


def _pair_vector(text: str) -> dict[str, float]:
    rarity = _rarity()
    plain = re.sub(r"[\W_]+", "", tidy(text))
    counts = Counter(pair for pair in grams(plain)[len(plain) :])
    values = {pair: (1 + log(n)) * rarity.get(pair, _UNSEEN_RARITY) for pair, n in counts.items()}
    length = sqrt(sum(value * value for value in values.values())) or 1.0
    return {pair: value / length for pair, value in values.items()}


_UNSEEN_RARITY = 8.0


@cache
def _rarity() -> Mapping[str, float]:
    """The rarity of each pair of characters in our own messages."""
    messages = [re.sub(r"[\W_]+", "", tidy(f"{e.title}{e.text}")) for e in seed_examples([]) if e.source == "example"]
    counts: Counter[str] = Counter()
    for message in messages:
        counts.update(set(grams(message)[len(message) :]))
    return {pair: log((1 + len(messages)) / (1 + n)) + 1 for pair, n in counts.items()}
