"""All settings as rows, and reading them from the environment.

One frozen row each: name, type, default, meaning. The environment variable is `XINQIAO_` + the name in capitals.
`read` lists all faults at once. Nothing else in the project reads the environment.
"""

import re
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import Any

from feedback.kernel.clock import to_utc
from feedback.kernel.crypto import Vault
from feedback.kernel.errors import Invalid

PREFIX = "XINQIAO_"
_HOURS = re.compile(r"(?:[01]\d|2[0-3]):[0-5]\d-(?:[01]\d|2[0-3]):[0-5]\d")
_WEB_ADDRESS = re.compile(r"https?://[A-Za-z0-9.\-]+(?::\d{1,5})?/?|https?://\[[0-9A-Fa-f:]+\](?::\d{1,5})?/?")
CHALLENGE_LEAST = 60  # below that a building is asked
DEV_SECRET = "only-for-development-change-me"  # noqa: S105 - refused in production, see faults()


def _row(default: Any, meaning: str, unit: str = "") -> Any:
    return field(default=default, metadata={"meaning": meaning, "unit": unit})


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one process, made once where it starts and passed down."""

    env: str = _row("dev", "dev | production. Production refuses demo accounts, the default secret and NOW")
    data: Path = _row(Path("var"), "folder of the SQLite file, attachments, releases and logs")
    database_url: str = _row("", "empty: SQLite under DATA. postgres://user:password@host/name for PostgreSQL")
    database_wait_seconds: float = _row(
        5.0, "a request waits this long for a lock or a connection of the database, then answers 503", "seconds"
    )
    redis_url: str = _row(
        "", "empty: the worker runs inside the web process. redis://host for arq workers, with PostgreSQL only"
    )
    secret: str = _row(DEV_SECRET, "master secret of sealed data, query codes and sessions")
    now: datetime | None = _row(None, "dev only: the process believes it starts at this moment")
    host: str = _row("127.0.0.1", "address the server listens on")
    port: int = _row(8000, "port the server listens on")
    public_url: str = _row(
        "",
        "address citizens use, like https://xinqiao.example.gov.cn: for QR codes, and the only host that is answered. "
        "Empty (not in production): taken from the request",
    )
    trust_proxy: bool = _row(False, "believe X-Forwarded-For of the reverse proxy in front")
    region: str = _row("990102000000", "12-digit code of the region this installation serves")
    desk: str = _row("rexian", "unit code of the reception desk that takes what comes from outside")
    petition_desk: str = _row(
        "",
        "unit code of the petition office (信访部门), which takes 信访 matters in, forwards and signs them beside the "
        "hotline centre at DESK. Empty: one desk for both",
    )
    site_name: str = _row("云川区信桥", "name in the masthead")
    site_owner: str = _row("云川区人民政府办公室（演示）", "主办单位 in the footer")
    site_operator: str = _row("云川区政务服务便民热线中心（演示）", "承办单位 in the footer")
    site_phone: str = _row("12345", "telephone number always in view")
    site_code: str = _row("", "网站标识码 in the footer, hidden when empty")
    icp: str = _row("", "ICP 备案号 in the footer, hidden when empty")
    police_record: str = _row("", "公安备案号 in the footer, hidden when empty")
    session_hours: int = _row(10, "absolute life of a staff session", "hours")
    idle_minutes: int = _row(30, "a staff session ends after this long without a request", "minutes")
    login_attempts: int = _row(5, "wrong tries one source may make at an account; ten times as many from everywhere")
    lock_minutes: int = _row(15, "how long no further try is looked at", "minutes")
    second_factor_required: bool = _row(False, "staff must log in with a second factor; otherwise each may")
    storage_min_free_bytes: int = _row(
        200_000_000, "below this much free space under DATA files are refused and /readyz says so", "bytes"
    )
    upload_max_bytes: int = _row(10_000_000, "largest attachment", "bytes")
    clamav: str = _row(
        "", "virus scanner: path of clamd's socket, or host:port. Empty: files are not scanned for viruses"
    )
    body_max_bytes: int = _row(12_000_000, "largest request body", "bytes")
    body_seconds: float = _row(
        20.0, "a request's body must be there so soon, and a second later for each BODY_BYTES_PER_SECOND", "seconds"
    )
    body_bytes_per_second: int = _row(500, "slowest line that is waited for", "bytes")
    request_head_max_bytes: int = _row(32_000, "largest request line with all headers; more is answered 431", "bytes")
    request_head_seconds: float = _row(20.0, "a request's headers must be complete so soon", "seconds")
    attachments_max: int = _row(9, "attachments of one message")
    orphan_hours: int = _row(48, "an attachment no message claims is deleted after this", "hours")
    draft_days: int = _row(30, "life of a form draft kept for a citizen", "days")
    submit_per_minute: int = _row(600, "messages and files one address may send; many people share one", "per minute")
    upload_burst_bytes: int = _row(
        40_000_000, "files one address may send in a moment: above any building's line, below a flood", "bytes"
    )
    upload_burst_seconds: int = _row(10, "how long that moment is", "seconds")
    upload_network_day_bytes: int = _row(
        3_000_000_000, "files one address may send in a day: 300 people with 10 MB each behind one address", "bytes"
    )
    upload_device_day_bytes: int = _row(
        200_000_000, "files one device or telephone number may send in a day: two full messages", "bytes"
    )
    upload_staff_day_bytes: int = _row(2_000_000_000, "files one member of staff may send in a day", "bytes")
    drafts_per_hour: int = _row(600, "forms one address may begin to fill in; in a day four times as many", "per hour")
    phone_messages_per_day: int = _row(
        30, "messages naming one telephone from one address; more only after a question is answered", "per day"
    )
    challenge_per_minute: int = _row(
        0,
        "messages from one address after which each further one needs the answer to a question. -1: never. "
        "0: 60 in production, never in dev; less than 60 is refused",
        "per minute",
    )
    lookup_per_minute: int = _row(30, "look-ups that found nothing one address may try", "per minute")
    login_per_minute: int = _row(60, "wrong log-ins one address may try", "per minute")
    staff_hours: str = _row(
        "08:30-17:30",
        "when staff get notices that are not urgent, on working days; the morning digest goes out when they begin",
    )
    citizen_hours: str = _row(
        "08:00-21:00", "when citizens get notices that are not urgent, every day, unless they chose other hours"
    )
    joint_office: str = _row(
        "xinfang", "unit code of the joint conference's office (联席会议办公室), told last when a clock ran out"
    )
    joint_conference: str = _row(
        "", "name of the joint conference (信访工作联席会议) as it signs. Empty: made from the region's name"
    )
    invite_hours: int = _row(
        24,
        "a citizen who did not rate is asked to, so long after the answer, once a channel to them exists. 0: never",
        "hours",
    )
    suggestion_days: int = _row(
        30, "days a unit has to answer one of the three suggestions (the Regulation names none; 2005: 30)", "days"
    )
    message_days: int = _row(30, "messages that were carried out are kept this long", "days")
    sweep_seconds: int = _row(5, "pause between two looks for due messages and clocks", "seconds")
    promises: str = _row(
        "",
        "file (TOML) of terms shorter than the law's ([[promise]]) and of the district's own ordinances on the hotline "
        "([[ordinance]]: act, law). Empty: the law's own",
    )
    sign_off_kinds: str = _row(
        "", "kinds whose answers the unit's head signs besides appeal and report, as complaint,help,consult"
    )
    retention_years: int = _row(3, "personal data is kept this long after a case ended", "years")
    cell_min: int = _row(5, "published cells below this count are hidden")
    rank_min: int = _row(10, "a mean or a rank needs at least this many answers")
    rating_days: int = _row(30, "window for rating after the reply", "days")
    kpi_weights: str = _row("0.10,0.45,0.45", "shares of response, solution and satisfaction in 综合分, adding up to 1")
    partly_solved: float = _row(0.5, "how much a partly solved order counts in 解决率, 0 to 1")
    confidence_bar: float = _row(0.0, "lowest confidence for routing without a person. 0: the release's own")
    automatic: str = _row(
        "",
        "suggest: a person routes everything. proven: automatic where this district's outcomes prove it. "
        "model: wherever the classifier is sure. Empty: proven in production, model in dev",
    )
    automatic_target: float = _row(0.98, "precision that outcomes must prove before a category goes without a person")
    topic_days: int = _row(30, "days over which hot topics are gathered", "days")
    train_hour: int = _row(2, "hour at night when the classifier learns of the day before. -1: never by itself")
    train_least: int = _row(20, "decisions that must have come since the last candidate for another one at night")
    wx_app_id: str = _row("", "WeChat mini-program: app id. Empty: no log-in by WeChat")
    wx_secret: str = _row("", "WeChat mini-program: app secret")
    wx_base: str = _row("https://api.weixin.qq.com", "where jscode2session is asked for")
    smtp_host: str = _row(
        "", "mail server through which staff get notices. Empty: notices stay in the inbox and the log"
    )
    smtp_port: int = _row(25, "port of the mail server")
    smtp_user: str = _row("", "log-in at the mail server. Empty: none")
    smtp_password: str = _row("", "password at the mail server")
    smtp_from: str = _row("xinqiao@localhost", "sender of the notices")
    smtp_security: str = _row("none", "none / starttls / tls")
    citizen_email: bool = _row(False, "citizens who left an address get notices by e-mail too, over the same server")
    sms_provider: str = _row(
        "", "how short messages leave: http (a gateway of your own, see the handbook) | aliyun. Empty: none are sent"
    )
    sms_url: str = _row("", "address of the gateway. Empty for aliyun: https://dysmsapi.aliyuncs.com")
    sms_key_id: str = _row("", "id of the key at the gateway (aliyun: AccessKey ID)")
    sms_secret: str = _row(
        "", "secret of the key at the gateway (aliyun: AccessKey Secret); receipts are verified with it"
    )
    sms_signature: str = _row(
        "", "签名 that stands in front of each message, as the provider approved it. Empty: SITE_NAME"
    )
    sms_templates: str = _row(
        "",
        'file (TOML) of the provider\'s template ids, as received = "SMS_1"; aliyun sends nothing without one',
    )
    wx_templates: str = _row(
        "",
        "file (TOML) of subscribe-message templates of the mini-program, see the handbook. Empty: no notices by WeChat",
    )
    metrics_token: str = _row("", "bearer token that opens /metrics from anywhere. Empty: only from private addresses")
    log_level: str = _row("info", "debug | info | warning | error")

    @property
    def vault(self) -> Vault:
        """What encrypts and hashes under the master secret."""
        return Vault(self.secret)

    @property
    def production(self) -> bool:
        return self.env == "production"

    @property
    def challenge_limit(self) -> int:
        """Messages a minute from one address before a question is asked; 0: none ever is."""
        if self.challenge_per_minute:
            return max(0, self.challenge_per_minute)
        return CHALLENGE_LEAST if self.production else 0

    @property
    def citizen_channels(self) -> tuple[str, ...]:
        """By what citizens are told without asking, in order of preference."""
        channels = {
            "wechat": self.wx_app_id and self.wx_secret and self.wx_templates,
            "sms": self.sms_provider,
            "email": self.smtp_host and self.citizen_email,
        }
        return tuple(name for name, is_set in channels.items() if is_set)

    @property
    def automatic_mode(self) -> str:
        """suggest, proven or model."""
        return self.automatic or ("proven" if self.production else "model")

    @property
    def database(self) -> str:
        """The database address with the default filled in."""
        return self.database_url or f"sqlite://{(self.data / 'xinqiao.sqlite3').resolve()}"

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """The settings the environment asks for.

        Raises Invalid naming every variable that cannot be read or must not be so in production.
        """
        values: dict[str, Any] = {}
        faults: dict[str, str] = {}
        for row in fields(cls):
            text = environment.get(variable_name(row))
            if text is None or (text == "" and row.type is not str):
                continue
            try:
                values[row.name] = _PARSERS[_kind(row)](text)
            except ValueError:
                faults[variable_name(row)] = f"not_{_kind(row)}"
        variables = {variable_name(row) for row in fields(cls)}
        faults |= {name: "unknown" for name in environment if name.startswith(PREFIX) and name not in variables}
        settings = cls(**values)
        faults |= settings._production_faults()
        faults |= {
            PREFIX + name.upper(): "not_hours"
            for name in ("staff_hours", "citizen_hours")
            if not _HOURS.fullmatch(getattr(settings, name))
        }
        if settings.redis_url and settings.database.startswith("sqlite:"):
            faults[PREFIX + "REDIS_URL"] = "needs_postgresql_in_DATABASE_URL_or_leave_it_empty"
        if settings.smtp_security not in ("none", "starttls", "tls"):
            faults[PREFIX + "SMTP_SECURITY"] = "not_none_starttls_or_tls"
        if settings.sms_provider not in ("", "http", "aliyun"):
            faults[PREFIX + "SMS_PROVIDER"] = "not_http_or_aliyun"
        if settings.sms_provider and not (settings.sms_key_id and settings.sms_secret):
            faults[PREFIX + "SMS_SECRET"] = "needs_SMS_KEY_ID_and_SMS_SECRET"
        if settings.sms_provider == "http" and not settings.sms_url:
            faults[PREFIX + "SMS_URL"] = "needs_the_address_of_the_gateway"
        if settings.sms_provider == "aliyun" and not settings.sms_templates:
            faults[PREFIX + "SMS_TEMPLATES"] = "needs_the_template_ids_aliyun_approved"
        if 0 < settings.challenge_per_minute < CHALLENGE_LEAST:
            faults[PREFIX + "CHALLENGE_PER_MINUTE"] = "below_60_stops_a_building"
        if settings.env not in ("dev", "production"):
            faults[PREFIX + "ENV"] = "not_dev_or_production"
        if settings.automatic not in ("", "suggest", "proven", "model"):
            faults[PREFIX + "AUTOMATIC"] = "not_suggest_proven_or_model"
        if not 0.5 <= settings.automatic_target < 1:
            faults[PREFIX + "AUTOMATIC_TARGET"] = "not_between_a_half_and_one"
        if faults:
            raise Invalid(faults, code="settings")
        return settings

    def _production_faults(self) -> dict[str, str]:
        if not self.production:
            return {}
        faults = {}
        if self.secret == DEV_SECRET or len(self.secret) < 32:
            faults[PREFIX + "SECRET"] = "needs_32_characters_of_your_own"
        if not _WEB_ADDRESS.fullmatch(self.public_url):
            faults[PREFIX + "PUBLIC_URL"] = "needs_the_address_citizens_use_like_https://xinqiao.example.gov.cn"
        if self.now is not None:
            faults[PREFIX + "NOW"] = "not_in_production"
        return faults


def variable_name(row: "Field[Any]") -> str:
    """The environment variable of a settings row."""
    return PREFIX + row.name.upper()


def list_settings() -> list[dict[str, str]]:
    """Every setting as a row of texts, for `xinqiao settings`."""
    return [
        {
            "name": variable_name(row),
            "type": _kind(row),
            "default": "" if row.default is None else str(row.default),
            "unit": row.metadata["unit"],
            "meaning": row.metadata["meaning"],
        }
        for row in fields(Settings)
    ]


def as_markdown() -> list[str]:
    """The same rows as lines of a Markdown table, as they stand in the operator's handbook."""
    lines = ["| variable | type | default | meaning |", "|---|---|---|---|"]
    for row in list_settings():
        default = f"{row['default'] or '–'} {row['unit']}".strip()
        meaning = row["meaning"].replace(" | ", " / ")
        lines.append(f"| `{row['name']}` | {row['type']} | {default} | {meaning} |")
    return lines


def _kind(row: "Field[Any]") -> str:
    return _KINDS.get(row.type, "moment")


def _parse_switch(text: str) -> bool:
    if text.lower() not in ("1", "0", "true", "false", "yes", "no"):
        raise ValueError(text)
    return text.lower() in ("1", "true", "yes")


_KINDS: dict[object, str] = {str: "text", int: "number", float: "decimal", bool: "switch", Path: "folder"}
_PARSERS: dict[str, Any] = {
    "text": str,
    "number": int,
    "decimal": float,
    "switch": _parse_switch,
    "folder": Path,
    "moment": lambda text: to_utc(datetime.fromisoformat(text)),
}
