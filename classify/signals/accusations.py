"""Whether a message certainly accuses somebody in office of taking or misusing what is not theirs (检举控告).

Much stricter than the flag `accuse`, which is shown to a person and favours recall: what is certain here is barred from
the unit it names and sent by no machine (信访工作条例 第三十条), so ordinary anger about idle offices (不作为, 渎职) must not
do. Both an office or a person in it and an act of graft must stand in one sentence. No I/O.
"""

import re
from typing import Final

from feedback.rules import normal_form

_OFFICE: Final = re.compile(
    r"[局科队所处]长|书记|主任|站长|乡长|镇长|县长|区长|市长|厅长|院长|校长|班主任|村[官长]|会计|干部|公职人员|工作人员|民警|警察|交警"
    r"|城管|法官|检察官|执法人员|领导|老师|教师|医生|评委|纪委|窗口|村委|居委|[\u4e00-\u9fff]局(?:的人)?"
)
_GRAFT: Final = re.compile(
    r"索贿|受贿|行贿|贿赂|贪污|侵吞|私吞|中饱私囊|挪用|吃拿卡要|权钱交易|以权谋私|保护伞|买官卖官|吃空饷|小金库|卷款"
    r"|(?:收受?|索要?|要|拿|吃|送)了?(?:我们?|他们?|人家|商户|家长|对方|药商)?的?[^，。！？；\n]{0,6}(?:红包|礼金|礼品|回扣|好处费?|贿)"
    r"|(?:套取|截留|骗取|冒领|虚报|私分)[^，。！？；\n]{0,10}(?:补贴|补助|资金|救济|款|低保|经费|财物|钱)"
)
_DENOUNCED: Final = re.compile(
    r"控告|检举|实名举报|联名举报|查处违纪|(?:请|向|报)[^，。]{0,6}(?:纪检|纪委|监委|监察委)"
)
_DENIED: Final = re.compile(r"(?:没有|没|不|未|从不|绝不)(?:再)?(?:吃拿卡要|收|要|拿|吃|送)|依法判|已经判|被判")
_SENTENCE: Final = re.compile(r"[。！!？?；;\n]")


def is_certain_accusation(title: str, text: str) -> bool:
    """Whether one sentence names somebody in office and an act of graft, or denounces somebody in office by that word."""
    sentences = map(normal_form.comparison_form, [title, *_SENTENCE.split(text)])
    return any(map(_accuses, sentences))


def _accuses(words: str) -> bool:
    if not _OFFICE.search(words) or _DENIED.search(words):
        return False
    return bool(_GRAFT.search(words) or _DENOUNCED.search(words))
