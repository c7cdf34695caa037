"""Places as coordinates: three coordinate systems in use in China, and their conversion. No I/O.

What is stored is WGS 84 (GPS). Maps of the mainland show GCJ-02, the obfuscated system that 测绘法 makes public maps use;
Baidu's add an offset of their own to it (BD-09). The formulae are the ones in public circulation since 2013 (the GCJ-02
ellipsoid is Krasovsky 1940); no authority publishes them, so a converted point may be off by a metre or two. Outside a
box around China the systems are the same. Degrees throughout, north and east positive.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

DECIMALS = 6
"""0.1 m: more than any telephone knows."""
PLACE_MOST = 200
ACCURACY_MOST = 100_000.0
_SEMI_MAJOR, _ECCENTRICITY_SQUARED = 6378245.0, 0.00669342162296594323  # Krasovsky 1940
_SOUTH, _NORTH, _WEST, _EAST = 0.8293, 55.8271, 72.004, 137.8347
_BAIDU = math.pi * 3000.0 / 180.0
_ROUNDS = 8  # each makes the error of the inverse about a thousand times smaller


class Crs(StrEnum):
    """The coordinate systems of maps and telephones in China."""

    WGS84 = "wgs84"
    GCJ02 = "gcj02"
    BD09 = "bd09"


@dataclass(frozen=True, slots=True)
class Location:
    """A place in WGS 84 degrees. `accuracy_m` is the radius in metres that the device names, None when it names none."""

    lat: float
    long: float
    accuracy_m: float | None = None
    text: str = ""

    def as_data(self) -> dict[str, Any]:
        """What the record keeps of it."""
        data: dict[str, Any] = {"lat": self.lat, "long": self.long}
        data |= {"accuracy_m": self.accuracy_m} if self.accuracy_m is not None else {}
        return data | ({"text": self.text} if self.text else {})


def read_location(values: Mapping[str, Any]) -> Location:
    """The location of what the record keeps, or of what somebody sent in any of the systems."""
    lat, long = to_wgs84(float(values["lat"]), float(values["long"]), Crs(values.get("crs") or Crs.WGS84))
    accuracy = values.get("accuracy_m")
    return Location(lat, long, None if accuracy is None else float(accuracy), str(values.get("text", "")))


def find_location_faults(values: Mapping[str, Any], prefix: str = "location.") -> dict[str, str]:
    """What is wrong with a location as it was sent, by field name with the prefix before it."""
    faults: dict[str, str] = {}
    for name, most in (("lat", 90.0), ("long", 180.0)):
        value = values.get(name)
        if value is None:
            faults[prefix + name] = "missing"
        elif not (math.isfinite(value) and abs(value) <= most):
            faults[prefix + name] = "out_of_range"
    accuracy = values.get("accuracy_m")
    if accuracy is not None and not (math.isfinite(accuracy) and 0 <= accuracy <= ACCURACY_MOST):
        faults[prefix + "accuracy_m"] = "out_of_range"
    if (values.get("crs") or Crs.WGS84) not in set(Crs):
        faults[prefix + "crs"] = "unknown"
    if len(str(values.get("text", ""))) > PLACE_MOST:
        faults[prefix + "text"] = "too_long"
    return faults


def to_wgs84(lat: float, long: float, crs: Crs) -> tuple[float, float]:
    """A point of another system in WGS 84, by making the forward conversion hit it."""
    if crs is Crs.WGS84 or not _is_in_china(lat, long):
        return round(lat, DECIMALS), round(long, DECIMALS)
    forward = _FROM_WGS84[crs]
    guess_lat, guess_long = lat, long
    for _ in range(_ROUNDS):
        seen_lat, seen_long = forward(guess_lat, guess_long)
        guess_lat, guess_long = guess_lat + lat - seen_lat, guess_long + long - seen_long
    return round(guess_lat, DECIMALS), round(guess_long, DECIMALS)


def from_wgs84(lat: float, long: float, crs: Crs) -> tuple[float, float]:
    """A WGS 84 point in another system."""
    if crs is not Crs.WGS84 and _is_in_china(lat, long):
        lat, long = _FROM_WGS84[crs](lat, long)
    return round(lat, DECIMALS), round(long, DECIMALS)


def _is_in_china(lat: float, long: float) -> bool:
    return _SOUTH <= lat <= _NORTH and _WEST <= long <= _EAST


def _to_gcj02(lat: float, long: float) -> tuple[float, float]:
    x, y = long - 105.0, lat - 35.0
    radians = math.radians(lat)
    magic = 1 - _ECCENTRICITY_SQUARED * math.sin(radians) ** 2
    root = math.sqrt(magic)
    meridian = _SEMI_MAJOR * (1 - _ECCENTRICITY_SQUARED) / (magic * root)
    parallel = _SEMI_MAJOR / root * math.cos(radians)
    return lat + math.degrees(_north_shift(x, y) / meridian), long + math.degrees(_east_shift(x, y) / parallel)


def _to_bd09(lat: float, long: float) -> tuple[float, float]:
    y, x = _to_gcj02(lat, long)
    radius = math.hypot(x, y) + 0.00002 * math.sin(y * _BAIDU)
    angle = math.atan2(y, x) + 0.000003 * math.cos(x * _BAIDU)
    return radius * math.sin(angle) + 0.006, radius * math.cos(angle) + 0.0065


_FROM_WGS84: Mapping[Crs, Callable[[float, float], tuple[float, float]]] = {
    Crs.GCJ02: _to_gcj02,
    Crs.BD09: _to_bd09,
}


def _waves(x: float, first: float, second: float) -> float:
    return (20.0 * math.sin(first * x * math.pi) + 20.0 * math.sin(second * x * math.pi)) * 2.0 / 3.0


def _north_shift(x: float, y: float) -> float:
    """Metres to the north."""
    shift = -100.0 + 2.0 * x + 3.0 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * math.sqrt(abs(x))
    shift += _waves(x, 6.0, 2.0)
    shift += (20.0 * math.sin(y * math.pi) + 40.0 * math.sin(y / 3.0 * math.pi)) * 2.0 / 3.0
    return shift + (160.0 * math.sin(y / 12.0 * math.pi) + 320.0 * math.sin(y * math.pi / 30.0)) * 2.0 / 3.0


def _east_shift(x: float, y: float) -> float:
    """Metres to the east."""
    shift = 300.0 + x + 2.0 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * math.sqrt(abs(x))
    shift += _waves(x, 6.0, 2.0)
    shift += (20.0 * math.sin(x * math.pi) + 40.0 * math.sin(x / 3.0 * math.pi)) * 2.0 / 3.0
    return shift + (150.0 * math.sin(x / 12.0 * math.pi) + 300.0 * math.sin(x / 30.0 * math.pi)) * 2.0 / 3.0
