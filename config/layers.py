"""Read the settings in layers (defaults, profile, your file, environment) and say where each value came from.

A later layer wins over an earlier one, key by key. The method's own profile (steward, promoter) fills in what no layer
sets. Everything that is wrong is collected and reported together.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from difflib import get_close_matches
from enum import Enum
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import EnvSettingsSource, TomlConfigSettingsSource

from config.policy_keys import as_policy
from config.rules import RULES
from config.settings import ENV_PREFIX, NESTED, Mode, Settings
from strategies.alvh.profiles import changes

CONFIG_VARIABLE = "ALVH_CONFIG"
OTHER_VARIABLES = frozenset(
    {CONFIG_VARIABLE, "ALVH_CLIENT", "ALVH_KILL", "ALVH_TRACEBACK", "ALVH_SHARED_DATA", "ALVH_STATE"}
)
"""Variables with our prefix that are not settings."""

ENVIRONMENT = "environment"
SCENARIO = "scenario"
COMMAND_LINE = "command line"
DEFAULT = "default"
HIDDEN = "(secret)"
OTHERS_READ = stat.S_IRGRP | stat.S_IROTH
DEEPEST = 5  # levels of tables in a file; the settings have three


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """Hold one thing to mend: where it stands, which key, what was seen and what was expected."""

    where: str
    key: str
    seen: str
    expected: str

    def __str__(self) -> str:
        key = f"{self.key}: " if self.key else ""
        return f"{self.where}: {key}{self.seen}, expected {self.expected}"


class SettingsError(Exception):
    """Carry every problem of the settings at once."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """Hold what one source says, as nested tables."""

    name: str
    values: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """Hold valid settings and, for each key, the name of the layer its value came from."""

    settings: Settings
    source: Mapping[str, str]


def leaves(model: type[BaseModel], prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Yield every key of the model as a dotted name with its field, groups walked through in order."""
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from leaves(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", field


KEYS: Mapping[str, FieldInfo] = dict(leaves(Settings))


SECRETS = frozenset(key for key, field in KEYS.items() if SecretStr in (field.annotation, *get_args(field.annotation)))
"""Keys whose values are shown nowhere."""


def is_secret(key: str) -> bool:
    """Say whether a key, one of its elements, or a group that it belongs to holds a secret."""
    return any(f"{key}.".startswith(f"{secret}.") or f"{secret}.".startswith(f"{key}.") for secret in SECRETS)


def profile_path(mode: str) -> Path:
    """Return the file of a shipped profile."""
    return Path(__file__).parent / f"{mode}.toml"


def load(
    profile: str | None = None,
    user_file: str | None = None,
    environ: Mapping[str, str] | None = None,
    *,
    method: str | None = None,
    scenario: Mapping[str, Any] | None = None,
) -> Loaded:
    """Load the settings; raises `SettingsError` with every problem found.

    Without `profile`, the mode that the environment or the user's file names is taken, and dry-run otherwise. `method`
    is the method's own profile where the command line names one; it wins over the key `policy.profile`. `scenario` are
    groups of the policy that a scenario is meant to be seen with; the user's own file and environment win over them.
    """
    environ = os.environ if environ is None else environ
    problems: list[Problem] = []
    outer = _environment(environ, problems)
    given = user_file or environ.get(CONFIG_VARIABLE)
    user = _file(given, problems) if given else None
    named = [layer.values["mode"] for layer in (outer, user) if layer is not None and "mode" in layer.values]
    mode = profile or (str(named[0]) if named else Mode.DRY_RUN.value)
    if mode not in set(Mode):
        problems.append(
            Problem(where="profile", key="mode", seen=f"'{mode}'", expected=_nearest(mode, [m.value for m in Mode]))
        )
        raise SettingsError(tuple(problems))
    if user is not None:
        problems += _rights(user)
    shipped = _file(str(profile_path(mode)), problems)
    typed = None if method is None else Layer(name=COMMAND_LINE, values={"policy": {"profile": method}})
    shown = Layer(name=SCENARIO, values={"policy": dict(scenario)}) if scenario else None
    layers = [layer for layer in (shipped, shown, user, outer, typed) if layer is not None]
    return _merge(mode, layers, problems)


def _file(name: str, problems: list[Problem]) -> Layer | None:
    """Read one TOML file; a missing or broken one becomes a problem."""
    path = Path(name).expanduser()
    if not path.is_file():
        problems.append(
            Problem(where=name, key="", seen="no such file", expected="a TOML file (alvh config init writes one)")
        )
        return None
    try:
        values = TomlConfigSettingsSource(Settings, toml_file=path)()
    except (ValueError, OSError, RecursionError) as error:  # also endless digits, endless brackets
        problems.append(Problem(where=name, key="", seen=" ".join(str(error).split()), expected="valid TOML"))
        return None
    if _is_deeper(values, DEEPEST):
        problems.append(
            Problem(where=name, key="", seen="tables in tables in tables", expected="[group] and key = value")
        )
        return None
    return Layer(name=name, values=values)


def _rights(layer: Layer) -> Iterator[Problem]:
    """Yield what others may do with the operator's file that they must not: write it, or read a secret in it."""
    mode = stat.S_IMODE(Path(layer.name).expanduser().stat().st_mode)
    if mode & stat.S_IWOTH:
        yield Problem(
            where=layer.name, key="", seen=f"a file that anybody may write (mode {mode:04o})", expected="chmod go-w"
        )
    held = [key for key in SECRETS if _said(layer.values, key)]
    if held and mode & OTHERS_READ:
        yield Problem(
            where=layer.name,
            key=min(held),
            seen=f"a secret in a file that others may read (mode {mode:04o})",
            expected="chmod 600",
        )


def _is_deeper(table: Mapping[str, Any], levels: int) -> bool:
    """Say whether tables stand in one another deeper than so many levels."""
    return any(isinstance(inner, dict) and (levels == 0 or _is_deeper(inner, levels - 1)) for inner in table.values())


def _environment(environ: Mapping[str, str], problems: list[Problem]) -> Layer:
    """Read the variables that begin with our prefix; one that names no key becomes a problem."""
    variables = {ENV_PREFIX + key.replace(".", NESTED).upper(): key for key in KEYS}
    known: dict[str, str | None] = {}
    for name, value in environ.items():
        upper = name.upper()
        if not upper.startswith(ENV_PREFIX) or upper in OTHER_VARIABLES:
            continue
        if upper not in variables:
            problems.append(
                Problem(where=ENVIRONMENT, key=name, seen="no such setting", expected=_nearest(upper, list(variables)))
            )
        elif get_args(KEYS[variables[upper]].annotation) and not _is_list(value):
            problems.append(
                Problem(
                    where=ENVIRONMENT,
                    key=name,
                    seen=HIDDEN if variables[upper] in SECRETS else f"'{value}'",
                    expected='a list such as [0.3, 0.65, 1.0] or ["one", "two"]',
                )
            )
        else:
            known[upper.lower()] = value
    source = EnvSettingsSource(Settings)
    source.env_vars = known
    return Layer(name=ENVIRONMENT, values=source())


def _is_list(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False


def _merge(mode: str, layers: list[Layer], problems: list[Problem]) -> Loaded:
    """Lay the layers over one another, check every key alone and then together."""
    merged: dict[str, Any] = {}
    source = dict.fromkeys(KEYS, DEFAULT)
    for layer in layers:
        _overlay(merged, layer.values)
        source.update({key: layer.name for key in _flat(layer.values) if key in KEYS})
    settings, bad = _validate(merged, layers, source, problems)
    settings = _tempered(settings, merged, source)
    values = {key: value(settings, key) for key in KEYS}
    if "mode" not in bad and values["mode"] != mode:
        bad.add("mode")  # rules about the mode would only repeat it
        problems.append(
            Problem(
                where=source["mode"], key="mode", seen=f"'{values['mode']}'", expected=f"'{mode}', as the profile says"
            )
        )
    for rule in RULES:
        if not bad.intersection(rule.keys) and rule.broken(values):
            problems.append(_broken(rule.keys, rule.expected, values, source))
    if problems:
        raise SettingsError(tuple(problems))
    return Loaded(settings=settings, source=source)


def _tempered(settings: Settings, merged: dict[str, Any], source: dict[str, str]) -> Settings:
    """Return the settings with what the method's profile says of the keys that no layer sets."""
    base = as_policy(settings.policy)
    found = {f"policy.{key}": value for key, value in changes(base.profile, base).items()}
    filled = {key: value for key, value in found.items() if source[key] == DEFAULT}
    if not filled:
        return settings
    for key, value in filled.items():
        first, group, name = key.split(".")
        _overlay(merged, {first: {group: {name: value}}})
        source[key] = f"profile {base.profile}"
    return Settings(**merged)


def _validate(
    merged: dict[str, Any], layers: list[Layer], source: Mapping[str, str], problems: list[Problem]
) -> tuple[Settings, set[str]]:
    """Validate the merged values; wrong ones become problems and give way to defaults, so that the rest is seen too."""
    try:
        return Settings(**merged), set()
    except ValidationError as error:
        bad = set()
        for detail in error.errors():
            location = [str(part) for part in detail["loc"] if not isinstance(part, int)]
            key = ".".join(location)
            bad.add(key)
            problems.append(_wrong(key, detail, layers, source))
            _drop(merged, location)
        return Settings(**merged), bad


def _wrong(key: str, detail: ErrorDetails, layers: list[Layer], source: Mapping[str, str]) -> Problem:
    """Say what one validation error means for the operator."""
    where = source.get(key) or next((layer.name for layer in reversed(layers) if _holds(layer.values, key)), "settings")
    if detail["type"] == "extra_forbidden":
        group = key.rpartition(".")[0]
        names = sorted({name for name in _names(group)})
        return Problem(where=where, key=key, seen="no such setting", expected=_nearest(key.rpartition(".")[2], names))
    message = detail["msg"]
    for start in ("Input should be ", "Value error, "):
        message = message.removeprefix(start)
    message = message.replace("a valid dictionary or instance of", "a table, as in [group] key = value, for")
    seen = HIDDEN if is_secret(key) else f"{detail['input']!r}"
    return Problem(where=where, key=key, seen=seen, expected=message[:1].lower() + message[1:])


def _names(group: str) -> list[str]:
    """Return the names that may stand in a group."""
    start = f"{group}." if group else ""
    return [key[len(start) :].partition(".")[0] for key in KEYS if key.startswith(start)]


def _nearest(seen: str, names: list[str]) -> str:
    """Suggest the name that was probably meant, or list the short choices."""
    close = get_close_matches(seen, names, n=1)
    if close:
        return f"a known name: did you mean {close[0]}?"
    if len(names) <= 12:
        return "one of " + ", ".join(names)
    return "a key of docs/settings.md (alvh config show lists them)"


def _broken(keys: tuple[str, ...], expected: str, values: Mapping[str, Any], source: Mapping[str, str]) -> Problem:
    """Say which rule the values break together, blaming the layer nearest to the operator."""
    shown = ", ".join(f"{key} = {plain(values[key])!r}" for key in keys[:-1])
    where = next((source[key] for key in reversed(keys) if source[key] != DEFAULT), DEFAULT)
    beside = f" (with {shown})" if shown else ""
    return Problem(where=where, key=keys[-1], seen=f"{plain(values[keys[-1]])!r}{beside}", expected=expected)


def value(settings: Settings, key: str) -> Any:
    """Return the value of a dotted key."""
    found: Any = settings
    for name in key.split("."):
        found = getattr(found, name)
    return found


def plain(found: Any) -> Any:
    """Turn a value into what JSON and TOML can write."""
    if isinstance(found, Enum):
        return found.value
    if isinstance(found, SecretStr):
        return HIDDEN if found.get_secret_value() else ""
    return [plain(item) for item in found] if isinstance(found, tuple) else found


def _flat(table: Mapping[str, Any], prefix: str = "") -> Iterator[str]:
    for name, inner in table.items():
        if isinstance(inner, dict):
            yield from _flat(inner, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}"


def _holds(table: Mapping[str, Any], key: str) -> bool:
    return _said(table, key, missing=None) is not None


def _said(table: Mapping[str, Any], key: str, missing: Any = "") -> Any:
    """Return what a nested table says of a dotted key."""
    found: Any = table
    for name in key.split("."):
        if not isinstance(found, dict) or name not in found:
            return missing
        found = found[name]
    return found


def _overlay(below: dict[str, Any], above: Mapping[str, Any]) -> None:
    """Lay one nested table over another, in place."""
    for name, inner in above.items():
        if isinstance(inner, dict) and isinstance(below.get(name), dict):
            _overlay(below[name], inner)
        else:
            below[name] = deepcopy(inner)


def _drop(table: dict[str, Any], location: list[str]) -> None:
    """Take one key out of a nested table, if it is there."""
    inner: Any = table
    for name in location[:-1]:
        inner = inner.get(name) if isinstance(inner, dict) else None
    if isinstance(inner, dict):
        inner.pop(location[-1], None)
