"""What the demo town's units answer with: an opinion on an appeal says facts and basis as well."""

from datetime import timedelta

from feedback.rules.vocabulary import Kind

SIGNED_AFTER = timedelta(minutes=40)
_FACTS = "承办人员查阅了登记和往来材料，到现场查看，并当面听取了来信人的意见；来信人所说的时间、地点和经过与记录一致。"
_BASIS = "《信访工作条例》第三十一条、第三十四条；本单位的职责清单。"


def build_answer(kind: str, text: str, outcome: str = "support") -> dict[str, str]:
    """What a reply to a case of that kind brings (信访工作条例 第三十二条)."""
    if kind != Kind.APPEAL:
        return {"text": text}
    return {"text": text, "outcome": outcome, "facts": _FACTS, "basis": _BASIS}
