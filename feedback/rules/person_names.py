"""Names of persons in text: known ones in any spelling, and those somebody states (我叫…, 姓名：…). Pure: no I/O.

Searched in a plain text (folded, simplified, without invisible characters). A stated name begins with a surname, ends
where a phrase ends, and is no usual word; officials and companies are not looked for.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Final

from feedback.rules import normal_form

_SURNAMES: Final = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔钟谭陆汪范"
    "金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤安常温康施文牛樊葛邢窦柏"
    "焦庞殷齐翟翁耿芦岳霍洪涂欧阮辛聂祝骆裴鲁童蒲梅舒柯曲柴佟麦卓褚娄詹蓝冉苗兰"
)
_DOUBLE_SURNAMES: Final = "欧阳|诸葛|司马|上官|东方|皇甫|尉迟|公孙|慕容|令狐|夏侯|司徒|长孙|宇文|端木|南宫|申屠|澹台"
_USUAL_WORDS: Final = (
    "常[年住常规见用态委务]|高[中三二一考血龄铁速新层校管兴]|江[苏西北南边]|金[额钱属融]|方[庄便才案面向法]|白[血天内色白癜]|安[全置徽装排静心居]|万[一分元家户般]"
    "|周[末围边一二三四五六日]|严[重格厉禁]|马[上路桥]|于[是上下今\\d本去前次年]|向[来上下有]|曾[经多在]|温[州度泉]|武[汉警装]|石[头油]|黄[河山金牛石]|苏[州北南]|余[额下款]"
    "|施[工救]|康[复]|毛[病坯]|钱[款财都没]|文[化盲件员明]|夏[天季]|任[何职意教课务命]|成[都年功立]|田[地间里]|林[地业场]|胡[同乱]|何[时处必人以种]|范[围本]|孔[雀]"
    "|贺[电]|史[上]|段[时]|雷[雨]|龙[头]|孟[加]|路[过边]|郑[重州]|唐[山]|洪[水灾]|齐[全]|辛[苦酸]|祝[您你福]|鲁[莽]|童[年]|兰[州]|欧[洲美]|曲[线折]|柴[油火]|麦[子]|梅[雨]"
    "|许[多可]|谢[谢]|宋[体]|程[序度]|叶[子]|丁[字]|顾[客及问]|戴[着]|莫[名]|汤[圆]|牛[奶羊]|苗[木族]|焦[虑急]|童[工装]|殷[切]|岳[父母]|阮|舒[服适]|霍[乱]|付[款费出清了钱]|徐[州]|孙[子女]"
    "|吴[江中]|陈[述旧年]|张[贴家口]|杨[树梅]|李[家子村]|王[府牌村]|刘[村家]|赵[家村]"
)
_NO_NAME: Final = re.compile(
    rf"^(?:{_USUAL_WORDS})|(?:居民|村民|市民|农民|公民|工人|员工|老师|医生|学生|业主|租户|住户|商户|职工|司机|家长|人员|军人|干部|社区|小区|先生|女士|同志|主任|书记|[局科所站队校院镇乡县市处厅]长|经理|律师|法官|警官|师傅|某|人)$"
)
_PLACE_OF_ORIGIN: Final = re.compile(
    r"..[区县市镇乡街路巷村](?:的(?=$|[,;:!?。、 ]|[一个居村业住租市群老普商农学家])|人|居民|村民)"
)
"""我是黄埔区的居民: a place and not a name, though 黄 is a surname. 我是陈国镇的儿子 is a name."""

_UNLIKELY: Final = "的了在是不没与及就都也还要能会被把对从到去说们吗呢吧啊应该已未您你我他她它这那哪什么怎"
"""Characters that hardly stand in a given name."""

_GIVEN: Final = rf"[^\W\d_a-zA-Z{_UNLIKELY}]"
_ANY: Final = r"[\u4e00-\u9fff]"
_NAME: Final = rf"(?P<v>(?:{_DOUBLE_SURNAMES}){_GIVEN}{{1,2}}|[{_SURNAMES}]{_GIVEN}{{1,2}})"
_PHRASE_END: Final = r"(?=[,。;、!?:)\]\s]|$)"
_SAYS: Final = r"(?:我叫做?|我名叫|名字[叫是]|姓名[:为是]?|[Nn]ame[: ]{1,2}|署名[: ]{0,2}|敬礼[!。 \n]{0,3}|户名[:是]?|联系人[:为是]?|收件人[:为是]?)"
_IS: Final = (
    r"(?:我是|本人(?:姓名|名叫|叫)?|户主[:是]?|(?:申请|投诉|信访|反映|来信|委托|代理|监护|举报|当事|被害|法定代理|委托代理)人[:是为]?|患者[:是]?|学生[:是]?|业主[:是]?"
    r"|(?:我的?)?(?:父亲|母亲|爸爸|妈妈|丈夫|妻子|老公|老婆|爱人|儿子|女儿|孩子|哥哥|姐姐|弟弟|妹妹|爷爷|奶奶|外公|外婆|岳父|岳母|孙子|孙女)(?:叫|名叫|是)?)"
)
_STATED: Final = (
    re.compile(rf"{_SAYS} ?(?P<v>(?:{_DOUBLE_SURNAMES}|[{_SURNAMES}]){_ANY}{{1,2}}){_PHRASE_END}"),
    re.compile(rf"{_SAYS} ?{_NAME}(?:{_PHRASE_END}|(?=[男女,]|今年|电话|手机|身份证|住))"),
    re.compile(rf"{_IS} ?{_NAME}{_PHRASE_END}"),
    re.compile(
        rf"{_IS} ?(?P<v>[{_SURNAMES}]{_GIVEN}{{2}})(?=的|反映|今年|现年|患|在|因|于|已|系|[男女,]|[和与]|不幸|身份证|电话|学籍)"
    ),
    re.compile(rf"{_SAYS} ?(?P<v>[\u4e00-\u9fff]{{2,8}}\.[\u4e00-\u9fff]{{1,8}}(?:\.[\u4e00-\u9fff]{{1,8}})?)"),
    re.compile(r"(?:[Nn]ame|姓名|我叫)[: ]{0,3}(?P<v>[A-Z][a-z]{1,15}(?: [A-Z][a-z]{1,15}){1,2})"),
)
_BETWEEN: Final = r"[ .]{0,3}"
"""What people put between the characters of a name."""


def find_known_names(plain: str, names: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Where one of the names stands, in either script, with blanks or dots between its characters or without."""
    for name in set(names):
        characters = [char for char in normal_form.comparison_form(name) if char not in " ."]
        if len(characters) >= 2:
            pattern = re.compile(_BETWEEN.join(map(re.escape, characters)), re.IGNORECASE)
            yield from (match.span() for match in pattern.finditer(plain))


def find_stated_names(plain: str) -> Iterator[tuple[int, int]]:
    """Where somebody states a name of their own or of their family."""
    for pattern in _STATED:
        for match in pattern.finditer(plain):
            if not _NO_NAME.search(match["v"]) and not _PLACE_OF_ORIGIN.match(plain, match.start("v")):
                yield match.span("v")
