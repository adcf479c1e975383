"""The JSON Schema of a document, for editors that complete and check the text while it is typed."""

from __future__ import annotations

import inspect
from enum import Enum
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args, get_origin

import attrs

from petra.config.expand.parameters import ParameterConfig
from petra.config.models import SYNONYMS, BlockConfig, PlantConfig
from petra.config.providers import LATER, LATER_BLOCKS
from petra.config.reader import PROTOCOLS
from petra.config.shapes import CONNECTIONS, item_model
from petra.plugin.groups import OfferGroup
from petra.settings.model import Bounds, Setting, is_optional, not_read, optional, settings
from petra.settings.secret import Secret
from petra.signals import INT_MAX, INT_MIN

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from petra.blocks import BlockSpec, In, Member, Param
    from petra.plugin.catalog import Catalog

DIALECT = "https://json-schema.org/draft/2020-12/schema"

Schema = dict[str, Any]

_NOTHING: Schema = {"type": "null"}
_REFERENCE: Schema = {"type": "string", "pattern": r"\$\{"}  # replaced before the value is read

_SCALARS: dict[Any, Schema] = {
    bool: {"type": "boolean"},
    int: {"type": "integer", "minimum": INT_MIN, "maximum": INT_MAX},
    float: {"type": "number"},
    str: {"type": "string"},
    Path: {"type": "string"},
    Secret: {"type": "string", "writeOnly": True},
}


def document_schema(catalog: Catalog) -> Schema:
    """Return the schema of a whole document, with the section of every installed plugin."""
    plant = model_schema(PlantConfig)
    specs = [o.block.spec for o in catalog.offers(OfferGroup.BLOCK, OfferGroup.CONDITION)]
    if specs:
        plant["properties"]["blocks"] = _any_of(
            {"type": "array", "items": _block_schema(specs)},
            _NOTHING,
            description=plant["properties"]["blocks"]["description"],
        )
    later = {
        name: {"description": f"Not read by this version; a later {provider} will read it"}
        for name, provider in LATER.items()
    }
    sections = {**later, **{name: _section_schema(kind.config) for name, kind in catalog.sections.items()}}
    same = {name: {"$ref": f"#/properties/{name}"} for name in sections}
    protocols: Schema = {"type": "object", "properties": same, "additionalProperties": False}
    plant["properties"] |= {PROTOCOLS: _any_of(protocols, _NOTHING), **sections}
    plant["properties"] |= expansion_schemas(plant["properties"])
    return {
        "$schema": DIALECT,
        "title": "A PETRA document",
        **plant,
        "patternProperties": {"^x-": {"description": "Not read: a place for anchors"}},
    }


def expansion_schemas(known: Mapping[str, Schema]) -> dict[str, Schema]:
    """Return the schemas of the keys that say what a document consists of: included files, and templates.

    In a template any value may be a reference to a parameter: only its keys are checked here.
    """
    text: Schema = {"type": "string"}
    scalar: Schema = {"type": ["string", "number", "boolean", "null"]}
    values: Schema = {"type": "object", "additionalProperties": scalar}
    instance: Schema = {
        "type": "object",
        "properties": {
            "template": {**text, "description": "Name of the template"},
            "with": _any_of(values, _NOTHING, description="Values of parameters, for all of these instances"),
            "for": _any_of(
                {"type": "object", "additionalProperties": {"type": ["string", "array"]}},
                _NOTHING,
                description="One instance for each value of a range (1..50, 1..50..2) or a list",
            ),
            "table": _any_of(
                text,
                {"type": "array", "items": values},
                description="One instance for each row: of this list, or of a CSV file",
            ),
            "description": {**text, "description": "Documentation; not read"},
        },
        "required": ["template"],
        "additionalProperties": False,
    }
    instances = _any_of({"type": "array", "items": instance}, _NOTHING)
    parameter = _any_of(model_schema(ParameterConfig), *_short_forms(ParameterConfig))
    template: Schema = {
        "type": "object",
        "properties": {
            **{key: {"description": schema.get("description", "")} for key, schema in known.items()},
            "description": {**text, "description": "Documentation; not read"},
            "parameters": _any_of({"type": "object", "additionalProperties": parameter}, _NOTHING),
            "instances": {"$ref": "#/properties/instances"},
        },
        "patternProperties": {"^x-": {}},
        "additionalProperties": False,
    }
    return {
        "include": _any_of(
            text,
            {"type": "array", "items": text},
            _NOTHING,
            description="Files that belong to the document, such as pumps/*.yaml; names begin at its folder",
        ),
        "templates": _any_of(
            {"type": "object", "additionalProperties": template},
            _NOTHING,
            description="Parts of a document with parameters: $(NAME), or $(NAME:02) in a format",
        ),
        "instances": {**instances, "description": "What is made of the templates"},
    }


def _short_forms(model: type) -> list[Schema]:
    return [_type_schema(s.type, s.bounds) for s in settings(model) if s.about.shorthand]


def _section_schema(model: type) -> Schema:
    """Return the schema of a plugin's section: one of its devices, or a list of them."""
    one = _type_schema(model, Bounds())
    inner = item_model(model)
    if inner is not None:
        alone = _type_schema(inner, Bounds())
        return _any_of(one, alone, {"type": "array", "items": _any_of(one, alone)})
    return _any_of(one, {"type": "array", "items": one}, _shared_schema(model))


def _shared_schema(model: type) -> Schema:
    """Return the schema of a list of devices beside their common settings."""
    known = settings(model)
    one = model_schema(model)
    one.pop("allOf", None)  # a required key may be given beside the list instead
    demands = [demand for setting in known for demand in _key_demands(setting.keys, required=False)]
    if demands:
        one["allOf"] = demands
    listed: Schema = {"type": "array", "items": one}
    for setting in known:
        if setting.required:
            given: Schema = {"anyOf": [{"required": [key]} for key in setting.keys]}
            there: Schema = {"properties": {CONNECTIONS: {"items": given}}}
            demands = [*demands, {"anyOf": [given, there]}]
    schema = {
        "type": "object",
        "properties": {**one["properties"], CONNECTIONS: listed},
        "required": [CONNECTIONS],
        "additionalProperties": False,
    }
    return {**schema, "allOf": demands} if demands else schema


def model_schema(model: type) -> Schema:
    """Return the schema of a configuration model, written as a mapping."""
    known = settings(model)
    schema: Schema = {
        "type": "object",
        "description": inspect.cleandoc(model.__doc__ or ""),
        "properties": {
            **{key: _setting_schema(setting) for setting in known for key in setting.keys},
            **{key: _not_read(reason) for key, reason in not_read(model).items()},
        },
        "additionalProperties": False,
    }
    demands = [
        demand for setting in known for demand in _key_demands(setting.keys, required=setting.required)
    ]
    if demands:
        schema["allOf"] = demands
    return schema


def _not_read(reason: str) -> Schema:
    """Return the schema of a key that is accepted with any value."""
    if not reason:
        return {"description": "Documentation; not read"}
    return {"description": f"Has no effect: {reason}", "deprecated": True}


def _setting_schema(setting: Setting) -> Schema:
    schema = _type_schema(setting.type, setting.bounds)
    about = setting.about
    if about.sparse:
        inner = _or_nothing(_type_schema(get_args(optional(setting.type))[1], Bounds()))
        schema = _any_of({"type": "object", "additionalProperties": inner}, _NOTHING)
    if not setting.required:
        schema = _or_nothing(schema)
    described = dict(schema)
    if about.doc:
        described["description"] = about.doc + (f" [{about.unit}]" if about.unit else "")
    if isinstance(setting.default, bool | int | float | str):
        described["default"] = setting.default
    elif isinstance(setting.default, Enum):
        described["default"] = setting.default.value
    return described


def _type_schema(kind: Any, bounds: Bounds) -> Schema:
    inner = optional(kind)
    nothing = [_NOTHING] if is_optional(kind) else []
    if get_origin(inner) in (list, tuple):
        return _any_of({"type": "array", "items": _type_schema(get_args(inner)[0], Bounds())}, _NOTHING)
    if get_origin(inner) is dict:
        values = _type_schema(get_args(inner)[1], Bounds())
        return _any_of({"type": "object", "additionalProperties": values}, _NOTHING)
    if isinstance(inner, type) and attrs.has(inner):
        short = _short_forms(inner)
        return _any_of(model_schema(inner), *short[:1], *(nothing or _empty_schema(inner)))
    if get_origin(inner) is Literal:
        return _any_of({"enum": list(get_args(inner))}, _REFERENCE, *nothing)
    if inner in _SCALARS:
        return _any_of(_bounded_schema(_SCALARS[inner], bounds), _REFERENCE, *nothing)
    if isinstance(inner, type) and issubclass(inner, Enum):
        choices = [member.value for member in inner] + list(SYNONYMS.get(inner, ()))
        return _any_of({"enum": choices}, _REFERENCE, *nothing)
    return _any_of(*(_SCALARS[part] for part in get_args(inner)), _REFERENCE, *nothing)


def _or_nothing(schema: Schema) -> Schema:
    """Return a schema that also allows an empty value: the default holds then."""
    alternatives = schema["anyOf"] if schema.keys() == {"anyOf"} else [schema]
    return _any_of(*alternatives, _NOTHING)


def _empty_schema(model: type) -> list[Schema]:
    """Return the schema of an empty value, for a mapping without required keys."""
    return [] if any(setting.required for setting in settings(model)) else [_NOTHING]


def _bounded_schema(schema: Schema, bounds: Bounds) -> Schema:
    limits = {
        "minimum": bounds.minimum,
        "exclusiveMinimum": bounds.above,
        "maximum": bounds.maximum,
        "exclusiveMaximum": bounds.below,
        "minLength": bounds.shortest,
        "maxLength": bounds.longest,
        # JSON Schema searches for a pattern anywhere in a text; validators of attrs match the whole text.
        "pattern": f"^(?:{bounds.pattern})$" if bounds.pattern is not None else None,
        "enum": None if bounds.any_case else list(bounds.choices) or None,
        "anyOf": [{"enum": list(bounds.choices)}, {"pattern": f"^(?:{bounds.any_case})?$"}]
        if bounds.any_case
        else None,
    }
    return {**schema, **{key: value for key, value in limits.items() if value is not None}}


def _any_of(*alternatives: Schema, **also: Any) -> Schema:
    """Return a schema that allows any of these; a schema for any text includes all references."""
    distinct = [s for i, s in enumerate(alternatives) if s not in alternatives[:i]]
    if any(s.keys() <= {"type", "writeOnly"} and s["type"] == "string" for s in distinct):
        distinct = [s for s in distinct if s is not _REFERENCE]
    return {**(distinct[0] if len(distinct) == 1 else {"anyOf": distinct}), **also}


def _key_demands(keys: tuple[str, ...], *, required: bool) -> Iterator[Schema]:
    if required:
        yield {"oneOf": [{"required": [key]} for key in keys]} if len(keys) > 1 else {"required": [keys[0]]}
    elif len(keys) > 1:
        for first, second in combinations(keys, 2):
            yield {"not": {"required": [first, second]}}


def _block_schema(specs: Sequence[BlockSpec]) -> Schema:
    names = {"enum": list(dict.fromkeys([*(name for spec in specs for name in spec.names), *LATER_BLOCKS]))}
    block = model_schema(BlockConfig)
    for key in ("type", "block_type"):
        block["properties"][key] = {**names, "description": block["properties"][key]["description"]}
    block["allOf"] = [*block["allOf"], *(_one_type(spec) for spec in specs)]
    return _any_of(block, names)


def _one_type(spec: BlockSpec) -> Schema:
    """Return the condition for a block of this type: its ports and parameters."""
    named = {"enum": list(spec.names)}
    params = _members_schema(spec.params, lambda p: _or_nothing(_any_of(_param_schema(p), _REFERENCE)))
    for key, schema in _described_members(spec.inputs, lambda port: _or_nothing(_input_schema(port))).items():
        params["anyOf"][0]["properties"].setdefault(key, schema)
    return {
        "if": {"anyOf": [{"properties": {key: named}, "required": [key]} for key in ("type", "block_type")]},
        "then": {
            "properties": {
                "inputs": _inputs_schema(spec, _input_schema),
                "outputs": _members_schema(spec.outputs, lambda _: {"type": "string"}),
                "params": params,
                "parameters": params,
            }
        },
    }


def _input_schema(port: In[Any]) -> Schema:
    return _any_of(*(_SCALARS[kind] for kind in port.types), {"type": "string"})


def _param_schema(param: Param[Any]) -> Schema:
    bounds = Bounds(minimum=param.minimum, maximum=param.maximum, choices=param.choices)
    return _bounded_schema(_SCALARS[param.type], bounds)


def _inputs_schema(spec: BlockSpec, schema: Callable[[Any], Schema]) -> Schema:
    """Return the schema of inputs; a block that takes many accepts any name."""
    made = _members_schema(spec.inputs, schema)
    if spec.many is not None:
        inputs = made["anyOf"][0]
        inputs["additionalProperties"] = schema(spec.many)
        never: Schema = {"not": {}, "description": "This is a parameter: write it under `params`"}
        inputs["properties"] = (
            dict.fromkeys(_described_members(spec.params, _param_schema), never) | inputs["properties"]
        )
    return made


def _members_schema(members: Mapping[str, Member[Any]], schema: Callable[[Any], Schema]) -> Schema:
    described = _described_members(members, schema)
    return _any_of({"type": "object", "properties": described, "additionalProperties": False}, _NOTHING)


def _described_members(
    members: Mapping[str, Member[Any]], schema: Callable[[Any], Schema]
) -> dict[str, Schema]:
    return {
        name: {**schema(member), "description": member.doc}
        for member in members.values()
        for name in (member.name, *member.aliases)
    }
