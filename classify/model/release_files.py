"""Store and read a release: two files in a folder, checked by digest when they are read.

`weights.npz` holds plain arrays (never pickle), `release.json` the rest and the SHA-256 of the first; the id of a
release is the digest of both. Releases of formats 1 and 2 (before 2026-11-28) can be read and predict as before.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from classify import taxonomy
from classify.model.linear_heads import (
    VIEWS,
    FeatureBlock,
    Floats,
    LocalCorrection,
    PlattScaling,
    TrainedHead,
    tempered,
)
from classify.model.release import Model, ReleaseParameters
from classify.text.features import Lexicon

FORMAT: Final = 3
"""1: the categories of the columns are not stored; they are those of the tree without `_SINCE_FORMAT_2`.
2: other names; the second stage of the trained head is a temperature and a weight of the prior."""

WEIGHTS: Final = "weights.npz"
CARD: Final = "release.json"
_SINCE_FORMAT_2: Final = frozenset({"0310", "1004"})
UNKNOWN_BIAS: Final = -3.0  # of a category without any example: lower than any fitted score
_SETTINGS_BEFORE_3: Final[Mapping[str, str]] = {
    "bar": "threshold",
    "bar_fine": "threshold_level2",
    "doubt": "label_noise",
    "title_share": "title_scale",
}
_ARRAYS_BEFORE_3: Final[Mapping[str, str]] = {"experience_": "trained_", "local_": "correction_"}

Arrays = dict[str, NDArray[Any]]


class ReleaseDamaged(Exception):
    """The files of a release are missing, incomplete, of an unknown format, or do not match their digest."""


def release_id(card: Mapping[str, Any]) -> str:
    """The id of a release card: the digest of its content, which includes the digest of the weights."""
    content = {key: value for key, value in card.items() if key != "id"}
    canonical = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()[:16]


def save(model: Model, folder: Path) -> str:
    """Write the release into `folder`/<id> and return the id."""
    arrays: Arrays = {
        "grams": _pack_lexicon(model.lexicon),
        "knowledge_bias": model.bias,
        **_block_arrays("knowledge", model.knowledge),
    }
    card: dict[str, Any] = {
        "format": FORMAT,
        "codes": list(taxonomy.LEVEL2),
        "settings": asdict(model.settings),
        "duties": [[sentence, list(codes)] for sentence, codes in model.duties],
    }
    head = model.trained_head
    if head is not None:
        arrays |= {"trained_bias": head.bias, "trained_combination": head.combination}
        for view, block in zip(head.views, head.blocks, strict=True):
            arrays |= _block_arrays(view, block)
        card["trained_head"] = {
            "views": {view: block.scale for view, block in zip(head.views, head.blocks, strict=True)},
            "classes": list(head.classes),
            "is_supervised": head.is_supervised,
            "label_noise": head.label_noise,
            "platt": list(head.platt),
        }
    correction = model.correction
    if correction is not None:
        arrays |= {
            "correction_grams": _pack_lexicon(correction.lexicon),
            "correction_bias": correction.bias,
            "correction_scales": correction.scales,
            **_block_arrays("correction_title", correction.blocks[0]),
            **_block_arrays("correction_text", correction.blocks[1]),
        }
    weights = io.BytesIO()
    np.savez_compressed(weights, allow_pickle=False, **arrays)
    card["weights"] = hashlib.sha256(weights.getvalue()).hexdigest()
    card["id"] = release_id(card)
    target = folder / card["id"]
    target.mkdir(parents=True, exist_ok=True)
    (target / WEIGHTS).write_bytes(weights.getvalue())
    (target / CARD).write_text(json.dumps(card, ensure_ascii=False, indent=1), encoding="utf-8")
    return str(card["id"])


def load(folder: Path) -> Model:
    """Read and verify the release in a folder.

    Raises ReleaseDamaged when a file is missing, unreadable, of an unknown format, or differs from its digest by a
    single bit.
    """
    try:
        card = json.loads((folder / CARD).read_bytes())
        packed = (folder / WEIGHTS).read_bytes()
        if card["format"] not in range(1, FORMAT + 1):
            raise ReleaseDamaged(
                f"{folder.name}: format {card['format']} is not known here (1 to {FORMAT} are): it was made by a newer "
                "version, so update, or make a release with `xinqiao train`"
            )
        if hashlib.sha256(packed).hexdigest() != card["weights"] or release_id(card) != card["id"]:
            raise ReleaseDamaged(f"{folder.name}: the digest does not match the files")
        with np.load(io.BytesIO(packed), allow_pickle=False) as file:
            arrays = dict(file)
        return _assemble(*(_upgrade(card, arrays) if card["format"] < FORMAT else (card, arrays)))
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise ReleaseDamaged(f"{folder.name}: {fault}") from fault


def _pack_lexicon(lexicon: Lexicon) -> NDArray[np.uint8]:
    return np.frombuffer("\n".join(lexicon.number).encode(), dtype=np.uint8)


def _block_arrays(name: str, block: FeatureBlock) -> Arrays:
    weights = block.weights.astype(np.float16)
    return {f"{name}_rows": block.rows, f"{name}_idf": block.idf, f"{name}_weights": weights}


def _unpack_lexicon(packed: NDArray[Any]) -> Lexicon:
    return Lexicon.of(packed.tobytes().decode().split("\n"))


def _read_block(arrays: Arrays, name: str, scale: float = 1.0) -> FeatureBlock:
    weights = arrays[f"{name}_weights"].astype(np.float32)
    return FeatureBlock(arrays[f"{name}_rows"], arrays[f"{name}_idf"], weights, scale)


def _assemble(card: Mapping[str, Any], arrays: Arrays) -> Model:
    head = None
    if "trained_head" in card:
        stored = card["trained_head"]
        head = TrainedHead(
            tuple(stored["views"]),
            tuple(_read_block(arrays, view, scale) for view, scale in stored["views"].items()),
            arrays["trained_bias"],
            tuple(stored["classes"]),
            stored["is_supervised"],
            arrays["trained_combination"],
            stored["label_noise"],
            PlattScaling(*stored["platt"]),
        )
    correction = None
    if "correction_grams" in arrays:
        blocks = _read_block(arrays, "correction_title"), _read_block(arrays, "correction_text")
        lexicon = _unpack_lexicon(arrays["correction_grams"])
        correction = LocalCorrection(lexicon, blocks, arrays["correction_bias"], arrays["correction_scales"])
    knowledge, bias = _align_categories(_read_block(arrays, "knowledge"), arrays["knowledge_bias"], card["codes"])
    duties = tuple((sentence, tuple(codes)) for sentence, codes in card["duties"])
    settings, lexicon = ReleaseParameters(**card["settings"]), _unpack_lexicon(arrays["grams"])
    return Model(card["id"], settings, lexicon, knowledge, bias, head, duties, correction)


def _align_categories(knowledge: FeatureBlock, bias: Floats, codes: Sequence[str]) -> tuple[FeatureBlock, Floats]:
    """The knowledge head with a column for every category of the current tree; later categories get `UNKNOWN_BIAS`."""
    if tuple(codes) == taxonomy.LEVEL2:
        return knowledge, bias
    weights = np.zeros((len(knowledge.weights), len(taxonomy.LEVEL2)), dtype=np.float32)
    places = [taxonomy.LEVEL2.index(code) for code in codes]
    weights[:, places] = knowledge.weights
    all_bias = np.full(len(taxonomy.LEVEL2), UNKNOWN_BIAS, dtype=np.float32)
    all_bias[places] = bias
    return replace(knowledge, weights=weights), all_bias


def _upgrade(card: Mapping[str, Any], arrays: Arrays) -> tuple[dict[str, Any], Arrays]:
    """Convert a card and arrays of format 1 or 2 to the names of format 3."""
    renamed: Arrays = {}
    for name, array in arrays.items():
        old = next((prefix for prefix in _ARRAYS_BEFORE_3 if name.startswith(prefix)), "")
        renamed[_ARRAYS_BEFORE_3.get(old, "") + name.removeprefix(old)] = array
    new = {key: value for key, value in card.items() if key != "experience"}
    new["codes"] = card.get("codes") or [code for code in taxonomy.LEVEL2 if code not in _SINCE_FORMAT_2]
    new["settings"] = {_SETTINGS_BEFORE_3.get(key, key): value for key, value in card["settings"].items()}
    if "experience" in card:
        head = card["experience"]
        renamed["trained_combination"] = tempered(len(head["headings"]), head["temperature"], head["trust"])
        new["trained_head"] = {
            "views": head.get("views", dict.fromkeys(VIEWS[:2], 1.0)),
            "classes": head["headings"],
            "is_supervised": head["is_taught"],
            "label_noise": head["doubt"],
            "platt": head.get("sureness", tuple(PlattScaling())),
        }
    return new, renamed
