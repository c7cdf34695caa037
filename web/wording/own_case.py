"""Words of the citizen's own case page, read from `own_case.toml`."""

from collections.abc import Mapping

from web.wording import catalogue

_TABLES = catalogue.load_tables("own_case.toml")

PROMISES: Mapping[str, str] = _TABLES["promises"]
HEADLINES: Mapping[str, str] = _TABLES["headlines"]
FUTURES: Mapping[str, list[str]] = _TABLES["futures"]
RECTIFICATIONS: Mapping[str, str] = _TABLES["rectifications"]
RECTIFYING: Mapping[str, str] = _TABLES["rectifying"]
