"""What in a message deserves attention before anything else? Flags as a table of rows, each with the words that raised it.

Danger to life, threats of self-harm, many people acting together, a child harmed, an official accused, personal data.
Written so that little is missed: a flag draws a person's eye and lets a list be narrowed. It moves no clock, lowers
nothing and decides nothing; urgency, which shortens clocks, has its own and stricter table. No I/O.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from classify import urgency
from feedback import redact

LIFE, SELF_HARM, GROUP, MINOR, ACCUSE, PERSONAL = "life", "self_harm", "group", "minor", "accuse", "personal"
FLAGS: Final[Mapping[str, str]] = {
    SELF_HARM: "流露轻生",
    LIFE: "危及生命",
    MINOR: "涉未成年人",
    GROUP: "群体性",
    ACCUSE: "检举控告",
    PERSONAL: "含个人信息",
}
"""Every flag in the order in which they are shown: what cannot wait comes first."""

HELP_LINE: Final = "12356"
"""全国统一心理援助热线 (国家卫生健康委, 2025)."""


@dataclass(frozen=True, slots=True)
class Row:
    """How something is said. `unless` in the same sentence takes it back; `beside` must stand in the same sentence."""

    flag: str
    pattern: re.Pattern[str]
    unless: re.Pattern[str] | None = None
    beside: re.Pattern[str] | None = None


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag and the words that raised it."""

    code: str
    words: str


def _any(*ways: str) -> re.Pattern[str]:
    return re.compile("|".join(ways))


_TALK = (
    r"演练|讲座|宣传(?!部)|预防|防止|防范|谨防|避免|以免|热线|新闻里?说|电视剧|影片|电影|预案|多长时间到场|年检|感谢|谢谢|表扬|点赞|大快人心"
    r"|没有发生过|锦旗"
)
_PAST = r"去年|前年|上个?月|以前|从前|当年|多年前|已经(?:解决|修好|判|扑灭|处理完)|后来解决|退了以后|过去了"
_STILL = r"至今|还没|仍|到现在还|又|今天|刚才|刚刚"
_LIFELESS = r"鱼|花草|花都|绿化|树苗|死机|死磕|死角|热得|饿死|渴死|笑死|困死|冰粉|故事|桥的?公交站名"
_CHILD = (
    r"孩子|小孩|儿童|婴儿|弃婴|幼儿|幼童|学生|女生|男生|小姑娘|小男孩|小女孩|女孩|男孩|[男女]娃|小学|初[一二三]|初中|高[一二三]|高中|[一二三四五六]年级|幼儿园|托班|童工|暑假工"
    r"|未成年|[没不未]满十[四六八]|青少年|孤儿|我?(?:儿子|女儿|闺女|外孙女?|孙子|孙女|侄子|侄女|外甥女?)|校车|校服|同学|十[一二三四五六七]{1,2}岁|[一二三四五六七八九两]{1,2}岁"
    r"|(?<!\d)\d岁|(?<!\d)1[0-7]岁"
)
_GROWN = r"[二三四五六七八九]十[一二三四五六七八九]?岁|(?<!\d)[2-9]\d岁|大学|读研|小时候|婚假|出生证"
_ACTING = (
    r"上访|讨说法|讨薪|讨要|堵[^车塞消]{0,4}(?:门|路|道|桥|站)|堵在|封死|封路|拦路|轮流守|围堵|围在|围着[^看]|围了[^几]|推搡|横幅(?!上)|条幅|静坐|坐着不让|罢工|停工|怠工|没有上工|停运|罢课|罢市"
    r"|全部关门|关门抗议|游行|示威|抗议|喊口号|聚集|集会|集合|散步|闹事|去[^，。]{0,6}闹|请愿|联名|签名|按手印|集体(?:维权|反映|讨|上|去|信访|投诉|退|抵制|停|抗|找|递交|辞)"
    r"|(?:一起|一道|结伴|组团|全体)[^，。]{0,6}(?:去|到|堵|上访|闹|找)|煽动|号召|拦住|冲突|不肯走|抬着?棺材|抬尸|花圈|商量好|约(?:了|好)[^，。]{0,14}(?:见面|讨|去|到)|人到[^，。]{0,6}门口"
)
_OFFICIAL = (
    r"书记|村主任|村长|镇长|乡长|县长|区长|市长|局长|副?处长|科长|科的人|股长|所长|队长|站长|主任|校长|院长|干部|干事|领导|公务员|工作人员|窗口|执法人员|执法队|执行员|民警|警察|交警|辅警"
    r"|派出所|公安局|法官|法院|检察|纪委|城管|支书|村委|会计|评委|考官|拆迁办|招生办|政府|镇里|乡里|局里|住建局|安监|林业站|税务|医保局|采购|[局所站办]的人"
)
_WRONG = (
    r"受贿|行贿|贪污|贪腐|腐败|贪官|收(?:了|受|取)?[^，。]{0,6}(?:红包|好处|钱(?!包)|贿|礼金|礼品|回扣|黑钱)|红包|好处费|回扣|辛苦费|吃拿卡要|送烟|暗示[^，。]{0,4}送|意思意思|表示一下|打点"
    r"|挪用|侵吞|私分|套取|截留|虚报|冒领|接着领|领着|吃空饷|做假账|假账|不给票|包庇|袒护|保护伞|通风报信|报信|打招呼|徇私|枉法|偏袒|滥用职权|以权谋私|利用职权|职务便利|关系户"
    r"|不给[^，。]{0,6}立案|钱不立案|吃饭[^，。]{0,10}判|公车私用|公款|打麻将|赌博|婚外情|情人|包养|报复|泄露[^，。]{0,6}(?:举报|信)|拉票|贿选|一票[^，。]{0,4}[百千块元]"
    r"|给了?自己的?|亲戚|小舅子|弟弟|连襟|外甥|[她他]?的?老婆一天|从来没有招标|没有招标|暗箱|内定|私卖|倒卖|卖给别人|多领|私自[^，。]{0,4}(?:分|卖|收)|保下来|勾结|串通|分成|刷空卡"
    r"|开发商安排|他?指定的?[^，。]{0,4}(?:公司|店)|交钱就能|低价租|劝[^，。]{0,4}私了|不作为|乱作为"
)
_HARM = (
    r"打(?:我|了|骂|伤|肿|手|人|他|她|得|一顿|断|耳光|学生|孩子)|天天打|被[^，。]{0,8}打|殴|踢(?!球)|扇|耳光|体罚|虐|欺负|欺凌|霸凌|猥亵|性侵|强奸|骚扰|摸|脱[^，。]{0,4}衣|偷拍|扎针|针扎|拧|掐|揪"
    r"|封[^，。]{0,6}嘴|下跪|罚[^，。]{0,8}(?:站|跑|跪)|中暑|彩礼|许给|早婚|订婚|文身|纹身|见面|发照片|夜班|电子烟|锁在|藏起来|褥疮|没有钱治|没有棉被|挨饿|受冻|绝食|吃坏|腹泻|拉肚子|误吞|误食|误服"
    r"|关在(?:家|屋|房)|青紫|受伤|摔断|骨折|昏迷|呕吐|上吐下泻|中毒|溺水|落水|掉(?:进|到|入)|落入|走失|走丢|失踪|失联|没有回家|一直没回|不见了|拐|人贩子|骗上|弃婴|遗弃|没有大人"
    r"|一个人在|悬在|卡在(?!哪)|被困|童工|辍学|失学|没有上学|不让[^，。]{0,6}上学|不送[^，。]{0,4}(?:上学|学校)|退学|不敢去?上学|打工|干活|洗碗|陪酒|酒吧|通宵|网吧|香烟|卖烟|卖酒|打赏|充值|诱导|超载|过夜|单独去"
    r"|不想活|活着没|自杀|轻生|割腕|跳楼|跳下去|飞下去|烫伤|冻伤|咬伤|逼(?:着|迫)|恐吓|勒索|敲诈|毒品|色情|出血"
)

ROWS: Final[tuple[Row, ...]] = (
    # --- self_harm: said of oneself or of somebody near; a threat counts as well as a wish
    Row(SELF_HARM, _any(
        r"不想活(?!动|跃|络)", r"不活了", r"活不下去", r"活着(?:也|真|还)?(?:没|无|有什么|太累|好累)", r"活[^，。]{0,6}受[^，。]{0,4}罪", r"没有?活路", r"活够了", r"(?<!饿|热|气|笑|累|困|渴)想死(?!你|了都|机|磕)",
        r"一死", r"以死", r"去死", r"死给", r"死在(?:你|他|她|政府|信访|这里|门口)", r"怎么死", r"死了算", r"求死", r"寻死", r"寻短见", r"想不开", r"绝路", r"死路", r"遗言", r"永别", r"安排后事",
        r"这条命", r"命不要", r"不要命", r"豁出(?:去|命)", r"拼(?:了这)?命(?:也|跟)", r"以命", r"绝望", r"绝食",
    ), unless=_any(_LIFELESS, r"演练|新闻里?说|工伤")),
    Row(SELF_HARM, _any(
        r"(?:就|要|想|去|准备|打算|扬言|威胁|从|站|觉得)[^，。！？]{0,10}(?:跳楼(?!价)|跳河(?!边|桥)|跳桥|跳江|跳下去|跳出去|飞下去|自杀(?!式|率)|轻生|自焚|喝农药|喝药|割腕|上吊|卧轨|撞墙)",
        r"(?:割腕|服毒|上吊|自缢|喝了农药|吞[^，。]{0,5}(?:药|刀片))", r"自焚", r"自残", r"自杀(?!式|率|预防|热线|干预)", r"轻生", r"划[^，。]{0,6}(?:胳膊|手腕|手臂)", r"拔了?[^，。]{0,4}管",
        r"药[^，。]{0,4}攒", r"攒[^，。]{0,6}药", r"喝[^，。]{0,4}(?:百草枯|敌敌畏|农药)", r"(?:窗|楼|台|桥)[^，。]{0,6}(?:跳|飞)(?:下|出)去?(?!的)",
    ), unless=_any(_TALK, r"救下|救起|镜头|加高|防跳")),
    Row(SELF_HARM, _any(
        r"结束(?:自己|生命|这一切|一切)", r"了(?:结|断)(?:自己|一切|生命|$|算)?(?=[，。！？\s]|$|自己|一切|生命)", r"遗书", r"绝笔", r"最后一(?:次|封)[^，。]{0,6}(?:信|写|话)", r"下辈子", r"来世", r"告别[^，。]{0,6}(?:话|信)", r"另一个世界",
        r"人间不值得", r"撑不(?:下去|住)了", r"同归于尽", r"拖累", r"一了百了", r"解脱", r"抱着煤气罐", r"带着(?:孩子|全家|一家)一起走", r"安眠药", r"不如死", r"生不如死", r"早点走算", r"不用再麻烦", r"不再麻烦",
    ), unless=_any(r"讲座|宣传|演练|影片|电影")),
    # --- life: wider than the table that shortens clocks
    Row(LIFE, _any(
        r"(?:煤气|燃气|天然气|液化气|沼气|氯气|氨气|一氧化碳|毒气)[^，。]{0,10}(?:漏|泄|喷|味[^，。]{0,3}(?:浓|大|重)|中毒|外溢)", r"漏(?:煤气|燃气|天然气|氯气|氨气)", r"中毒(?!原因|的?预防)", r"(?:往外|呼呼|喷着|喷出)[^，。]{0,3}(?:喷|冒|白雾|火|气)", r"刺鼻",
        r"被困", r"困在", r"卡在(?!哪)(?:防盗|电梯|护栏|窗|缝|井)", r"压着人", r"压在(?:下面|底下)", r"埋在", r"被埋", r"出不来", r"下不[去来]", r"没有?撤出来",
        r"(?<!打不)着火(?!了?一样|似)", r"起火", r"失火", r"大火(?!锅)", r"浓烟", r"全是烟", r"烧起来", r"点燃", r"喷火", r"火(?:势|已经|烧到|烧着)", r"爆炸", r"炸了",
        r"触电", r"电线[^，。]{0,8}(?:火花|冒火|带电|漏电)", r"高压线[^，。]{0,6}(?:断|掉|垂|落)",
        r"(?:随时|马上|快要?|就要?|眼看)(?:都|会|可能|要|有)*(?:塌|倒塌|垮|坍)", r"坍塌", r"塌了", r"垮塌", r"往下滑", r"滑坡", r"泥石流", r"溃坝", r"决堤", r"漫过(?:堤|坝)", r"管涌", r"坝[^，。]{0,8}(?:渗|冒|漏|裂)", r"山洪", r"透水", r"石头[^，。]{0,8}(?:滚|掉|砸)",
        r"(?:拿|持|提|挥|举|拎)着?[^，。]{0,4}(?:刀(?!具|叉)|斧|棍|枪)", r"砍(?:人|伤|死|他|她|老婆)", r"行凶", r"捅", r"杀人", r"惨叫", r"救命(?!恩|药|钱|稻)", r"打死(?:人|了|我|他|她)", r"往死里打",
        r"掉(?:进|到|入)[^，。]{0,6}(?:河|井|水|江|湖|塘|坑|沟|池|窖)", r"落水", r"溺水", r"还在水里", r"船翻|翻船|沉船|船[^，。]{0,4}沉", r"昏(?:迷|倒|过去)", r"不省人事", r"休克", r"没有?呼吸", r"喘不过气", r"窒息", r"呻吟", r"大出血", r"心梗|胸口[^，。]{0,3}痛", r"手脚发麻", r"误[食吞服]",
        r"翻(?:到|进|下)[^，。]{0,4}(?:沟|河|崖)", r"翻车", r"坠楼", r"坠落", r"摔下", r"摔成", r"倒转", r"砸(?:伤|死|中|在)", r"叫救护车", r"打120", r"出人命", r"人命", r"生命危险", r"危及生命", r"投毒", r"劫持", r"绑架",
    ), unless=_any(_TALK, r"请问[^。]{0,14}(?:应该|多久|多长|怎么)|外地|费用谁出|赔偿款|像着了火|着了火一样|火爆|逗得|急得人冒火|怎么办|道具|剧本")),
    Row(MINOR, _any(_HARM), unless=_any(r"讲座|宣传栏|预防|打孩子主意|广告太多|感谢|谢谢", _GROWN), beside=_any(_CHILD)),
    Row(GROUP, _any(_ACTING), unless=_any(_TALK, _PAST, r"看热闹|观影|合同备案|罢免|消防通道"), beside=_any(
        r"(?:[两二三四五六七八九十几数]十|[一二三四五六七八九十两几上数]+百|[一二三四五六七八九十两几上数]+千|\d{2,}|好多|很多|许多|全[村组厂校班乡镇]|[三四五六七八九两几]个(?:组|村|省))"
        r"|集体|全体|全部|联名|群里|一起|一道|我们|约|组织|横幅|条幅|静坐|罢工|停工|停运|罢课|家长|职工|工人|工友|村民|业主|司机|骑手|员工|商户|老人们|大家|煽动|号召|双方|拆迁户|流水线|口已经",
    )),
    Row(GROUP, _any(r"集体(?:上访|停运|罢工|讨说法|维权|讨薪|信访)", r"罢工", r"拉(?:起|着|了)?横幅", r"群体性", r"五人以上", r"\d{2,}(?:多|余)?(?:户|人|名)[^，。]{0,6}(?:联名|集体|一起)"), unless=_any(_TALK, _PAST)),
    Row(GROUP, _any(r"来了好多人", r"聚了[^，。]{0,4}人", r"(?:业主|家属|村民|工人|群众|[百十]人)[^，。]{0,6}(?:围|聚|堵|闹)", r"人越来越多"), unless=_any(_TALK, _PAST, r"看热闹")),
    Row(ACCUSE, _any(_WRONG), unless=_any(r"感谢|谢谢|夸|表扬|宣传|电视剧|没有吃拿卡要|红包雨|已经判|请公开|考试|锦旗"), beside=_any(_OFFICIAL, r"扶贫|低保|补贴|项目资金|招标")),
    Row(ACCUSE, _any(r"(?:举报|检举|控告|揭发)[^，。]{0,14}(?:书记|镇长|局长|主任|科长|所长|队长|校长|院长|干部|领导|民警|法官|工作人员|村委|受贿|贪污|腐败)", r"考官[^，。]{0,8}(?:分成|教练)", r"(?:派出所|民警|警察|法院|法官)[^，。]{0,8}(?:不管|推诿|私了|偏向)")),
    Row(ACCUSE, _any(r"保护伞", r"官商勾结", r"权钱交易", r"吃拿卡要", r"卖官", r"贿选"), unless=_any(r"感谢|没有吃拿卡要|宣传|电视剧|已经判|大快人心")),
)  # fmt: skip

_SENTENCE = re.compile(r"[。！!？?；;\n]")
_IS_OVER = re.compile(_PAST)
_GOES_ON = re.compile(_STILL)
_PERSONAL_WORDS: Final[Mapping[str, str]] = {
    "id_number": "身份证号",
    "bank_card": "银行卡号",
    "phone": "电话",
    "plate": "车牌",
    "mail": "邮箱",
    "account": "社交账号",
    "home": "门牌",
    "name": "姓名",
}


def flags_in(title: str, text: str) -> tuple[Flag, ...]:
    """The flags of a message, each once with the words that raised it, in the order in which they are shown."""
    found: dict[str, str] = {}
    for sentence in _SENTENCE.split(f"{title}\n{text}"):
        is_over = bool(_IS_OVER.search(sentence)) and not _GOES_ON.search(sentence)
        for row in ROWS:
            if row.flag in found or (is_over and row.flag in (LIFE, ACCUSE, GROUP)):
                continue
            match = row.pattern.search(sentence)
            is_meant = row.unless is None or not row.unless.search(sentence)
            if match and is_meant and (row.beside is None or row.beside.search(sentence)):
                found[row.flag] = match[0]
    for sign in urgency.signs_in(title, text):
        if sign.level == 1 and "轻生" not in sign.why:  # the rows above know more ways to say that, and to not mean it
            found.setdefault(LIFE, sign.words)
    kinds = dict.fromkeys(_PERSONAL_WORDS[each.sort] for each in redact.findings(f"{title}\n{text}"))
    if kinds:
        found[PERSONAL] = "、".join(kinds)  # what it is, never the data itself
    return tuple(Flag(code, found[code]) for code in FLAGS if code in found)


def codes_in(title: str, text: str) -> tuple[str, ...]:
    """The same as codes, as a case keeps them."""
    return tuple(flag.code for flag in flags_in(title, text))
