"""How much longer than an ordinary message does the worst one of the same length take?

    python -m tests.bench.bench_text_budget [--texts 100000] [--length 400] [--seed 1] [--long 20000]

Makes messages that are hard for text rules: one or two short pieces repeated, digits, numerals, punctuation, brackets,
spaces, halves of addresses, mixed at random. Measures everything that reads a message as it comes in or is shown:
tidying, personal data, urgency, flags, the language and topic of the classifier's features, search words, fingerprint,
and a reply's checks. Prints the slowest as a ratio to the median of ordinary messages of that length, and the same for a
few texts of the greatest length. A ratio, never a time: it holds on any machine.
"""

import argparse
import random
import statistics
import time
from collections.abc import Callable, Mapping

from classify.duplicates import near_duplicates
from classify.replies import checks
from classify.replies.checks import ReplyContext
from classify.signals import flags, urgency
from classify.text import features, place_names
from feedback.rules import intake, redaction, search_terms
from feedback.rules.vocabulary import Kind, Profile, Stage

PIECES = (
    *"0123456789一二三四五六七八九十百千万两几多号楼栋幢座室元年月日时人名户口个位路街道巷区县镇村组我他她们的了在不没有无要想请问咨询孩子死钱酒烟",
    *"，。；：！？、（）《》“”‘’【】…—-_.,;:!?()[]{}<>/\\|@#$%^&*+=~`'\" \n\t\r\u3000\u200b😀é",
    *(
        "13800001111",
        "138",
        "0571-",
        "a@",
        "a.b",
        "www.",
        "http://",
        "QQ",
        "微信",
        "wxid_",
        "京A",
        "住在",
        "1-2-",
        "3栋2单元",
    ),
    *(
        "尊敬的",
        "请求各级",
        "感谢",
        "您好",
        "收悉",
        "答复如下",
        "希望",
        "孩子被",
        "有人",
        "五百多",
        "一百",
        "几十",
        "人民币",
        "据了解",
        "经查",
    ),
    *(
        "老人",
        "煤气",
        "跳楼",
        "要钱",
        "收了",
        "书记",
        "局长",
        "打人",
        "停水",
        "如果",
        "去年",
        "至今",
        "另外，",
        "\n二、",
        "第二",
    ),
)
ORDINARY = (
    "我家住在城东的小区，楼下的路灯坏了半个月，晚上老人和孩子出门都看不清路。",
    "多次打电话给物业，物业说要等供电部门，供电部门说归街道管，希望有关部门尽快派人来修。",
    "请问医保关系从外省转回来要带哪些材料，在哪个窗口办理，大概需要多长时间？",
    "工地拖欠我们班组两个月工资，一共十二个人，老板电话不接，请劳动监察部门帮忙。",
    "学校门口早晚高峰车辆乱停，交警下班以后就没人管，建议设置隔离栏并且安排人疏导。",
)
REPLY = "您好，来信收悉。经核实，路灯已于3月2日修复，如有疑问请致电街道办事处。感谢您的关注。"


def readers() -> Mapping[str, Callable[[str], object]]:
    """What reads a message, by name."""
    return {
        "intake": intake.clean_paragraph,
        "redaction": redaction.mask_text,
        "urgency": lambda text: urgency.detect_signs("标题", text),
        "flags": lambda text: flags.detect_flags("标题", text),
        "flag model": flags.count_mentions,
        "language": lambda text: features.explain_unreadable("标题", text),
        "matters": features.split_matters,
        "n-grams": lambda text: features.grams(features.tidy(text)),
        "places": lambda text: place_names.find_places("标题", text),
        "search": search_terms.tokenize,
        "fingerprint": lambda text: near_duplicates.fingerprint(near_duplicates.normalize("标题", text)),
        "reply checks, message": lambda text: checks.check_reply(_context(text), REPLY),
        "reply checks, reply": lambda text: checks.check_reply(_context(ORDINARY[2]), text),
    }


def _context(text: str) -> ReplyContext:
    return ReplyContext("标题", text, Kind.CONSULT, Profile.HOTLINE, Stage.FIRST)


def ordinary(draw: random.Random, length: int) -> str:
    text = ""
    while len(text) < length:
        text += draw.choice(ORDINARY)
    return text[:length]


def hostile(draw: random.Random, length: int) -> str:
    """A beginning, then one piece again and again, or several in a random order, then an end."""
    pieces = draw.sample(PIECES, draw.choice((1, 1, 2, 3, 6)))
    beginning, end = draw.choice(("", *PIECES)), draw.choice(("", *PIECES))
    is_regular = draw.random() < 0.6
    body = "".join(pieces) * length if is_regular else "".join(draw.choice(pieces) for _ in range(length))
    return f"{(beginning + body)[: length - len(end)]}{end}"


def measure(read: Callable[[str], object], text: str) -> float:
    """Seconds, the better of two: what else runs on the machine is no fault of the text."""
    times = []
    for _ in range(2):
        started = time.perf_counter()
        read(text)
        times.append(time.perf_counter() - started)
    return min(times)


def survey(count: int, length: int, seed: int) -> tuple[float, str]:
    """The greatest ratio of all texts to the median of ordinary ones, and what took so long in it."""
    draw, reading = random.Random(seed), readers()
    usual = {
        name: statistics.median(measure(read, ordinary(draw, length)) for _ in range(15))
        for name, read in reading.items()
    }
    total = sum(usual.values())
    worst, words = 0.0, ""
    for _ in range(count):
        text = hostile(draw, length)
        ratio = sum(measure(read, text) for read in reading.values()) / total
        if ratio > worst:
            parts = {name: measure(read, text) for name, read in reading.items()}
            ratio = min(ratio, sum(parts.values()) / total)  # measured again: a pause of the machine is not counted
            if ratio > worst:
                most = max(parts, key=lambda name: parts[name] - usual[name])
                worst, words = ratio, f"{most} ×{parts[most] / usual[most]:.1f} by {text[:24]!r}"
    print(f"{count:,} texts of {length:,} characters, ordinary {total * 1000:.1f} ms: slowest ×{worst:.2f} ({words})")
    return worst, words


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--texts", type=int, default=100_000)
    parser.add_argument("--length", type=int, default=400)
    parser.add_argument("--long", type=int, default=20_000, help="length of the long ones")
    parser.add_argument("--long-texts", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    survey(args.long_texts, args.long, args.seed)
    survey(args.texts, args.length, args.seed)


if __name__ == "__main__":
    main()
