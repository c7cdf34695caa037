"""Render the texts of `web/wording/messages.toml` for one citizen: plain or not, with a date or without."""

from collections.abc import Mapping
from typing import Any

from feedback.kernel.settings import Settings
from feedback.record.contact_preferences import create_link_token
from routing.notices.citizen_catalogue import CitizenTexts
from web.wording import catalogue

TEMPLATES: Mapping[str, Mapping[str, str]] = catalogue.load_tables("messages.toml")["case"]
SETTINGS_PATH = "/n"  # short: it stands in short messages


def build_texts(settings: Settings) -> CitizenTexts:
    """The texts as this installation sends them."""

    def render(
        template: str, values: Mapping[str, str], *, is_plain: bool, preference: int
    ) -> tuple[str, dict[str, str]]:
        row = TEMPLATES[template]
        all_values: dict[str, Any] = {**values, "phone": settings.site_phone}
        all_values["no"] = values["no"].replace("-", "")  # else its end looks like a log-in code to a telephone
        text = _choose_text(row, is_plain=is_plain, is_dated="due" in values)
        if preference and "tail" in row:
            all_values["link"] = build_link(settings, preference)
            text += row["tail"]
        used = {name: value for name, value in all_values.items() if f"{{{name}}}" in text}
        return text.format(**all_values), used

    return render


def build_link(settings: Settings, preference: int) -> str:
    """The address at which somebody sets or ends notices without logging in."""
    return f"{base_address(settings)}{SETTINGS_PATH}/{create_link_token(preference, settings.vault)}"


def base_address(settings: Settings) -> str:
    """Where citizens find this installation."""
    return (settings.public_url or f"http://{settings.host}:{settings.port}").rstrip("/")


def _choose_text(row: Mapping[str, str], *, is_plain: bool, is_dated: bool) -> str:
    names = ["text"]
    if is_dated:
        names.insert(0, "dated")
    if is_plain:
        names.insert(0, "plain")
        if is_dated:
            names.insert(0, "plain_dated")
    return next(row[name] for name in names if name in row)
