"""Tables of accounts, second factors, sessions and form drafts."""

from tortoise import fields
from tortoise.models import Model

from feedback.kernel.db import InstantField


class Account(Model):
    """Log-ins of staff"""

    username = fields.CharField(max_length=80, primary_key=True)
    password = fields.CharField(max_length=200)
    is_demo = fields.BooleanField(default=False)
    changed_at = InstantField()

    class Meta:
        table = "web_account"


class LoginAttempts(Model):
    """How often a source tried to log in to an account lately, both as keyed hashes"""

    key = fields.CharField(max_length=64, primary_key=True)
    account = fields.CharField(max_length=64)
    failed = fields.IntField()
    seen_at = InstantField()

    class Meta:
        table = "web_login_attempts"
        indexes = (("account",), ("seen_at",))


class SecondFactor(Model):
    """What else proves who logs in: a sealed secret, the step of the code used last, hashes of the spare codes left"""

    username = fields.CharField(max_length=80, primary_key=True)
    secret = fields.TextField()
    made_at = InstantField()
    step = fields.BigIntField()
    spares: list[str] = fields.JSONField()
    left = fields.IntField()

    class Meta:
        table = "web_second_factor"


class Session(Model):
    """Who is logged in, found by the hash of the token"""

    token_hash = fields.CharField(max_length=64, primary_key=True)
    username = fields.CharField(max_length=80)
    made_at = InstantField()
    seen_at = InstantField()
    expires_at = InstantField()

    class Meta:
        table = "web_session"
        indexes = (("username",), ("expires_at",))


class FormDraft(Model):
    """Half-filled forms of citizens, sealed, found by the hash of the cookie"""

    token_hash = fields.CharField(max_length=64, primary_key=True)
    sealed = fields.TextField()
    made_at = InstantField()
    seen_at = InstantField()
    expires_at = InstantField(null=True)  # on a shared computer only: soon after the last sign of its writer

    class Meta:
        table = "web_form_draft"
        indexes = (("seen_at",), ("expires_at",))


class RevokedCaseCookie(Model):
    """Cookies that opened a case and were given back on a shared computer, by their hashes, until they end by themselves"""

    digest = fields.CharField(max_length=64, primary_key=True)
    expires_at = InstantField()

    class Meta:
        table = "web_revoked_case_cookie"
        indexes = (("expires_at",),)


class MessageSource(Model):
    """From where citizens' messages came, as keyed hashes, so that a burst is found, for some weeks and never of a report"""

    case_no = fields.CharField(max_length=24, primary_key=True)
    network = fields.CharField(max_length=64)
    device = fields.CharField(max_length=64, default="")
    at = InstantField()

    class Meta:
        table = "web_message_source"
        indexes = (("at",), ("network", "at"), ("device", "at"))


class PhoneCode(Model):
    """Codes sent to telephones, one per number, both as keyed hashes, with the tries made at them"""

    phone_hash = fields.CharField(max_length=64, primary_key=True)
    code_hash = fields.CharField(max_length=64)
    tries = fields.IntField()
    expires_at = InstantField()

    class Meta:
        table = "web_phone_code"
        indexes = (("expires_at",),)


class PhoneCount(Model):
    """How often codes were asked for, or names tried, within a span, by keyed hashes of who did"""

    key = fields.CharField(max_length=64, primary_key=True)
    count = fields.IntField()
    until = InstantField()

    class Meta:
        table = "web_phone_count"
        indexes = (("until",),)


class Citizen(Model):
    """Citizens who proved a telephone number, found by its keyed hash"""

    phone_hash = fields.CharField(max_length=64, primary_key=True)
    phone = fields.TextField()  # sealed
    since = InstantField()  # the first of their uses between which the number could not change hands
    verified_at = InstantField()

    class Meta:
        table = "web_citizen"


class ConfirmedCase(Model):
    """Older cases whose query code or name a citizen knew, so that they are theirs from then on"""

    id = fields.BigIntField(primary_key=True)
    phone_hash = fields.CharField(max_length=64)
    case_no = fields.CharField(max_length=24)
    at = InstantField()

    class Meta:
        table = "web_confirmed_case"
        unique_together = (("phone_hash", "case_no"),)


class CitizenSession(Model):
    """Where a citizen is logged in by telephone, found by the hash of the token"""

    token_hash = fields.CharField(max_length=64, primary_key=True)
    id = fields.CharField(max_length=24, unique=True)  # by which it is ended from another device
    phone_hash = fields.CharField(max_length=64)
    device = fields.CharField(max_length=40, default="")
    is_kept = fields.BooleanField(default=False)
    made_at = InstantField()
    seen_at = InstantField()
    expires_at = InstantField()

    class Meta:
        table = "web_citizen_session"
        indexes = (("phone_hash",), ("expires_at",))
