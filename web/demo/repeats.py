"""How somebody in the demo town writes once more about a matter that is still open (重件)."""

from dataclasses import replace

from feedback.rules.intake import Submission

REPEAT_SOURCE = "again-"


def build_repeat(first: Submission, no: str) -> Submission:
    """What the person of case `no` writes the second time."""
    text = f"{first.text}\n上次反映以后还没有收到答复，请尽快处理。"
    return replace(first, title=f"再次反映：{first.title}", text=text, source_id=f"{REPEAT_SOURCE}{no}")


def build_merge(no: str) -> dict[str, str]:
    """What the desk notes when it joins the second to the first."""
    return {"case": no, "reason": "同一人此前反映过同一事项，合并办理，一并答复。"}
