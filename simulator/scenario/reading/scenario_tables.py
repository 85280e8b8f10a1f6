"""What may stand in a scenario file: its keys, those of a step, and those of a reaction.

Which arguments a verb takes is in the table of verbs.
"""

from typing import Final

from espat.core.time.timing import PROFILES
from espat.dialects.names import DIALECTS
from espat.scenario.reading.events import EVENT
from espat.scenario.schema.kinds import (
    ANYTHING,
    BOOLEAN,
    NUMBER,
    TABLE,
    TEXT,
    TEXTS,
    Kind,
    of_type,
    one_of,
    whole_number,
)
from espat.scenario.schema.tables import Field, Table
from espat.scenario.text.values import DURATION

REPEAT_LIMIT: Final = 100_000
"""Times that steps may be repeated."""

STEPS: Final = Kind(
    "a list of steps",
    of_type(list, "a list of steps", "array").read,
    {"type": "array", "items": {"$ref": "#/$defs/step"}},
)
REACTIONS: Final = Kind(
    "a list of reactions",
    of_type(list, "a list of reactions", "array").read,
    {"type": "array", "items": {"$ref": "#/$defs/reaction"}},
)
WORLD: Final = Kind(
    "a table or a text",
    of_type((dict, str), "a table or a text", ["object", "string"]).read,
    {"anyOf": [{"$ref": "#/$defs/world"}, {"type": "string"}]},
)
VARIABLES: Final = Kind(
    "a table",
    of_type(dict, "a table", "object").read,
    {"type": "object", "additionalProperties": {"type": ["string", "null"]}},
)
TIMING: Final = one_of({name: name for name in PROFILES}, "profile")
DIALECT: Final = one_of({name: name for name in DIALECTS}, "dialect")

FILE: Final = Table(
    "A scenario file.",
    {
        "title": Field(TEXT, "short name", required=True),
        "why": Field(TEXT, "one line"),
        "dialect": Field(DIALECT, "the firmware; of a `module` of the world its own comes first", "`esp32-v5`"),
        "timing": Field(TIMING, "the profile that it needs; `--timing` comes first", "`fast`"),
        "modules": Field(TEXTS, "their names; a name for each `module` of the world at least", "`[A]`"),
        "world": Field(WORLD, "everything outside, [see below](#the-world), or the path of a world file from this one"),
        "vars": Field(VARIABLES, "documented values that may differ, used as `{{NAME}}` in every text; null for none"),
        "may_also_see": Field(
            TEXTS, "lines the module may print anywhere besides (`re:` allowed); an expected line comes first"
        ),
        "waits": Field(BOOLEAN, "true: it may wait for what is not built yet or not installed; else it fails", "false"),
        "reactions": Field(REACTIONS, "what is done when something happens"),
        "setup": Field(STEPS, "steps that run first"),
        "steps": Field(STEPS, "the session; needed unless `attach` is true"),
        "attach": Field(BOOLEAN, "true: the serial ports are left to firmware; nothing is typed or expected", "false"),
        "same_as": Field(TEXT, "the session is that of another file"),
        "needs": Field(TEXTS, "what the build must have"),
        "source": Field(TABLE, "for the reader"),
        "kind": Field(TEXT, "for the reader"),
        "roles": Field(TABLE, "for the reader"),
        "doubts": Field(of_type(list, "a list", "array"), "for the reader"),
    },
)
INCLUDED_KEYS: Final = ("title", "why", "vars", "may_also_see", "setup", "steps")
"""Keys of a file that is included."""

MODIFIERS: Final = {
    "module": Field(TEXT, "the module it is about; needed with several", "the first"),
    "optional": Field(BOOLEAN, "true: an `expect` that may be skipped", "false"),
    "note": Field(TEXT, "for the reader"),
    "added": Field(BOOLEAN, "for the reader: not in the document"),
    "doc_lines": Field(of_type(list, "a list", "array"), "for the reader"),
    "doc_echo": Field(BOOLEAN, "for the reader"),
    "from_screenshot": Field(BOOLEAN, "for the reader"),
}
"""Keys that any step may have."""

STEP_KINDS: Final = {
    "send": Field(TEXT, "a command, CR LF appended"),
    "send_raw": Field(TEXT, "bytes, nothing appended; `guard_ms`: with silence around them, for `+++`"),
    "send_raw_hex": Field(TEXT, "the same, in pairs of hexadecimal digits"),
    "expect": Field(
        of_type(list, "a list", "array"),
        "exactly these lines, in order; `''` is an empty one. `or`: or these; `blanks: lenient`: empty lines do not "
        "count; `within`",
    ),
    "expect_set": Field(
        of_type(list, "a list", "array"),
        "each of these lines at least once, in any order; lines like `also` are ignored; `within_ms`",
    ),
    "expect_raw": Field(ANYTHING, "bytes without line structure"),
    "expect_chunks": Field(TABLE, "not built yet"),
    "peer_receives": Field(TEXT, "the peer gets these bytes (`peer`, `proto`, `port`, `from_port`)"),
    "peer_sends": Field(TEXT, "the peer sends these bytes (`peer`, `proto`, `port`, `from_port`)"),
    "pause_ms": Field(NUMBER, "wait so many milliseconds"),
    "world": Field(TEXT, "a sentence for the reader, beside `do`"),
    "do": Field(TEXT, "something is done: a [verb](#verbs), its arguments beside it"),
    "repeat": Field(
        whole_number(0, REPEAT_LIMIT), "`steps: [...]` so many times; `as: NAME` counts in a variable, from 1"
    ),
    "include": Field(TEXT, "the steps of another file, with its `vars` and `may_also_see`"),
}
"""Keys that make a step what it is: one of them, or `world` with `do`."""
ON_THE_PORT: Final = ("send", "send_raw", "send_raw_hex", "expect", "expect_set", "expect_raw", "expect_chunks")
"""Those that drive the serial port."""

TRIGGERS: Final = {
    "module_prints": Field(TEXT, "a line that it prints"),
    "command": Field(TEXT, "a line that is typed"),
    "event": Field(EVENT, "something happens in it"),
    "at": Field(DURATION, "so long after the beginning, once"),
}
WHEN: Final = Table(
    "When a reaction happens: one of the first four.",
    {
        **TRIGGERS,
        "nth": Field(whole_number(1, 2**31), "that time only", "each time"),
        "module": Field(TEXT, "this module only", "any"),
    },
)
REACTION: Final = Table(
    "Steps that are done whenever something happens.",
    {
        "when": Field(WHEN, "when", required=True),
        "do": Field(STEPS, "the steps", required=True),
        "note": Field(TEXT, "for the reader"),
    },
)
