"""What editors are told of world files and scenarios: JSON Schema, draft 2020-12."""

from dataclasses import replace
from typing import Final

from espat.scenario.play.waiting import AWAITED_ARGUMENTS, AWAITED_TRANSPORTS, AWAITED_VERBS
from espat.scenario.reading.scenario_tables import FILE, MODIFIERS, REACTION, STEP_KINDS, STEPS
from espat.scenario.reading.transcript_words import NOT_BUILT
from espat.scenario.reading.world_reader import world_table
from espat.scenario.schema.json_schema import DRAFT, JsonSchema, as_json_schema, table_schema
from espat.scenario.schema.kinds import ANYTHING, TEXT, one_of
from espat.scenario.schema.tables import Field
from espat.scenario.tables.peer import AWAITED_PROTOCOLS
from espat.scenario.verbs import VERBS, Verb

REPEAT: Final = {
    "steps": Field(STEPS, "what is repeated", required=True),
    "as": Field(TEXT, "a variable that counts, from 1"),
}
NOT_VERBS: Final = {"repeat": REPEAT, "include": {}, "expect_chunks": {}}
"""Steps that are no verbs, with what stands beside them."""


def world_schema() -> JsonSchema:
    """Of a world file."""
    return {"$schema": DRAFT, "title": "A world of espat", **as_json_schema(world_table())}


def scenario_schema() -> JsonSchema:
    """Of a scenario file."""
    file = table_schema(FILE.fields, meaning=FILE.meaning)
    del file["required"]  # which keys are needed depends on others
    return {
        "$schema": DRAFT,
        "title": "A scenario of espat",
        **file,
        "anyOf": [{"required": ["same_as"]}, {"required": ["title", "attach"]}, {"required": ["title", "steps"]}],
        "$defs": {
            "world": _world(),
            "reaction": table_schema(REACTION.fields, meaning=REACTION.meaning),
            "step": _step(),
        },
    }


def _world() -> JsonSchema:
    """The world of a scenario: with variables in it, and with the older words of documented sessions."""
    schema = as_json_schema(world_table(), variables=True)
    older = {
        "services": Field(ANYTHING, "time servers: `sntp` and `sntp_servers`"),
        "stored": Field(ANYTHING, "the modules have joined the first access point in an earlier life"),
        **{key: Field(ANYTHING, "not built yet") for key in NOT_BUILT},
    }
    schema["properties"] |= table_schema(older)["properties"]
    peer = schema["properties"]["peer"]["items"]["properties"]["serves"]
    peer["description"] += f"; not built yet: {', '.join(AWAITED_PROTOCOLS)}"
    return schema


def _step() -> JsonSchema:
    """A step: what each kind of them may have beside it."""
    forms = [_kind(key) for key in STEP_KINDS if key not in ("do", "world")]
    forms += [_verb(verb) for name, verb in VERBS.items() if name == verb.names[0]]
    forms.append({"properties": {"do": {"enum": sorted(AWAITED_VERBS - VERBS.keys())}}, "required": ["do"]})
    return {"type": "object", "anyOf": forms}


def _kind(key: str) -> JsonSchema:
    verb = VERBS.get(key)
    beside = _arguments(verb) if verb is not None else NOT_VERBS[key]
    return table_schema({key: replace(STEP_KINDS[key], required=True), **beside, **MODIFIERS})


def _verb(verb: Verb) -> JsonSchema:
    schema = table_schema({"world": STEP_KINDS["world"], **_arguments(verb), **MODIFIERS})
    schema["properties"] = {"do": {"enum": list(verb.names), "description": verb.meaning}, **schema["properties"]}
    schema["required"] = ["do", *schema.get("required", ())]
    return schema


def _arguments(verb: Verb) -> dict[str, Field]:
    """Those that it takes, and those that are awaited."""
    fields = verb.fields
    if "proto" in fields:
        known = as_json_schema(fields["proto"].kind)["enum"]
        choices = {name: name for name in (*known, *sorted(AWAITED_TRANSPORTS))}
        fields["proto"] = replace(fields["proto"], kind=one_of(choices), meaning=f"what is spoken; {', '.join(known)}")
    waiting = {key for name in verb.names for key in AWAITED_ARGUMENTS.get(name, ())}
    return fields | {key: Field(ANYTHING, "not built yet") for key in sorted(waiting - fields.keys())}
