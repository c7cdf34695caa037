"""How the demo town refuses a matter: by whom, and with which words."""

from feedback.rules.vocabulary import PROFILE_OF, Kind, Profile, Role


def build_refusal(kind: Kind, reason: str) -> tuple[Role, dict[str, str]]:
    """Who decides what a unit asks for, the centre or the unit's head, and what the decision brings."""
    is_petition = PROFILE_OF[kind] is Profile.PETITION
    ground = "not_ours" if is_petition else "outside_duty"
    data = {"ground": ground, "reason": reason, "where_instead": "请向有权处理的机关提出"}
    return Role.LEAD if is_petition else Role.RECEPTION, data
