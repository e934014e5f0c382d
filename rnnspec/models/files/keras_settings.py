"""The class and settings of recurrent layers, from the configuration of a Keras model."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rnnspec.models.files.refusal import LeftOut

KINDS = {
    "SimpleRNN": "rnn",
    "SimpleRNNCell": "rnn",
    "LSTM": "lstm",
    "LSTMCell": "lstm",
    "GRU": "gru",
    "GRUCell": "gru",
    "CuDNNLSTM": "lstm",
    "CuDNNGRU": "gru",
}
WRAPPERS = ("Bidirectional", "TimeDistributed", "RNN", "StackedRNNCells")
_WORD = re.compile(r"(forward_|backward_)?(cu_?dnn_?)?(?P<kind>simple_rnn|lstm|gru)(_cell)?(_\d+)?")
_WORDS = {"simple_rnn": "rnn", "lstm": "lstm", "gru": "gru"}


@dataclass(frozen=True)
class Layer:
    """A layer or cell as the configuration has it.

    Attributes
    ----------
    path : tuple of str
        Where Keras 3 keeps its weights.
    names : tuple of str
        The names of the models around it, then its own.
    kind : str
        Its class.
    settings : mapping
    """

    path: tuple[str, ...]
    names: tuple[str, ...]
    kind: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def layers_of(config: str | None) -> list[Layer]:
    """The layers that a JSON configuration names, also those inside inner models."""
    if config is None:
        return []
    try:
        root = json.loads(config)
    except ValueError:
        return []
    return list(_layers(root, (), ()))


def kind_of(group: str, layers: list[Layer]) -> tuple[str, Mapping[str, Any] | None]:
    """The cell whose weights lie in `group`, or "" if the file does not tell, and its settings.

    Raises
    ------
    LeftOut
        If it is a class that is not read.
    """
    words = group.split("/")
    if (layer := _layer(words, layers)) is not None:
        inner = [one for one in _inside(layer, words) if one.kind not in WRAPPERS]
        kinds = {one.kind for one in inner}
        if len(kinds) == 1 and kinds <= KINDS.keys():
            same = all(one.settings == inner[0].settings for one in inner)
            return KINDS[inner[0].kind], inner[0].settings if same else None
        if len(kinds) == 1:
            raise LeftOut(f"the class {kinds.pop()} is not read, but only {', '.join(KINDS)}")
    for word in reversed(words):
        if match := _WORD.fullmatch(word):
            return _WORDS[match["kind"]], None
    return "", None


def _layers(config: Any, path: tuple[str, ...], names: tuple[str, ...]) -> Iterator[Layer]:
    """The layers of a configuration, each before those inside it.

    Keras 3 keeps a layer under the name of its class in snake case, with a number from the second
    layer of that class on.
    """
    inside = config.get("config") if isinstance(config, dict) else None
    listed = inside.get("layers") if isinstance(inside, dict) else inside  # Keras 1 had a list
    counts: dict[str, int] = {}
    for layer in listed if isinstance(listed, list) else ():
        if not isinstance(layer, dict) or not isinstance(layer.get("config"), dict | list):
            continue
        kind, settings = str(layer.get("class_name")), layer["config"]
        snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", kind).lower()
        count = counts[snake] = counts.get(snake, -1) + 1
        here = (*path, "layers", f"{snake}_{count}" if count else snake)
        own = settings.get("name") if isinstance(settings, dict) else None
        named = (*names, str(layer.get("name") or own or ""))
        yield Layer(here, named, kind, settings if isinstance(settings, dict) else {})
        yield from _layers(layer, here, named)


def _layer(words: list[str], layers: list[Layer]) -> Layer | None:
    """The layer at the path `words`, by Keras 3's path or else by its name."""
    start = [layer for layer in layers if tuple(words[: len(layer.path)]) == layer.path]
    if start:
        return max(start, key=lambda layer: len(layer.path))
    named = [layer for layer in layers if layer.names[-1] in words]
    return max(named, key=lambda layer: sum(name in words for name in layer.names), default=None)


def _inside(layer: Layer, words: list[str]) -> Iterator[Layer]:
    """`layer` and what it wraps, for example the cell of an RNN or the layer of a Bidirectional."""
    yield layer
    if layer.kind not in WRAPPERS:
        return
    keys = ["layer", "cell"]
    if any(word.startswith("backward") for word in words) and layer.settings.get("backward_layer"):
        keys = ["backward_layer"]
    inner = [layer.settings.get(key) for key in keys]
    cells = layer.settings.get("cells")
    for one in [*inner, *(cells if isinstance(cells, list) else [])]:
        if isinstance(one, dict) and isinstance(one.get("config"), dict):
            kind = str(one.get("class_name"))
            yield from _inside(Layer((), layer.names, kind, one["config"]), words)
