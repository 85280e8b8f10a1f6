"""Parameters bound to signatures, and the code of everything that is wrong with them."""

from typing import Annotated, Any, NamedTuple

import pytest

from espat.core.at.arguments import Argument, Bool, Flag, OneOf, Range, Signature, Text, Word
from espat.core.at.errors import CommandError
from espat.core.at.grammar import MALFORMED, OMITTED, Parameter


def mandatory(module: Any, mode: Annotated[int, Range(0, 3)], name: Annotated[bytes, Text(8, 2)]) -> None: ...


def optional(
    module: Any,
    name: Annotated[bytes, Text(32)],
    interval: Annotated[int, Range(1, 7200)] = 5,
    kind: Annotated[bytes, Word(b"TCP", b"UDP")] = b"TCP",
) -> None: ...


def maybe(module: Any, password: Annotated[bytes, Text(64)] | None = None) -> None: ...


def choices(module: Any, on: Bool, width: Annotated[int, OneOf(20, 40)]) -> None: ...


def nothing(module: Any) -> None: ...


class Target(NamedTuple):
    """What several handlers take alike."""

    kind: Annotated[bytes, Word(b"TCP", b"UDP")]
    port: Annotated[int, Range(1, 65535)] = 80


def shared(module: Any, on: Bool, target: Target, *rest: Annotated[int, Range(0, 9)]) -> None: ...


def shared_and_more(module: Any, source: Target, size: Annotated[int, Range(0, 9)] = 3) -> None: ...


def bind(handler: Any, *parameters: Parameter, context: Any = None, reports_codes: bool = True) -> list[Any]:
    return Signature(handler, reports_codes=reports_codes).bind(context, parameters)


def code(handler: Any, *parameters: Parameter, reports_codes: bool = True) -> int | None:
    with pytest.raises(CommandError) as caught:
        bind(handler, *parameters, reports_codes=reports_codes)
    assert caught.value.errno is None
    return caught.value.code


def test_values_come_in_order() -> None:
    assert bind(mandatory, 3, b"home") == [3, b"home"]
    assert bind(nothing) == []


def test_a_flag_is_a_bool() -> None:
    assert bind(choices, 1, 40) == [True, 40]
    assert bind(choices, 0, 20)[0] is False


def test_shared_parameters_are_one_value() -> None:
    assert bind(shared, 1, b"TCP", 8080, 5, 6) == [True, Target(b"TCP", 8080), 5, 6]
    assert bind(shared, 0, b"UDP") == [False, Target(b"UDP", 80)]
    assert bind(shared_and_more, b"UDP", OMITTED, 4) == [Target(b"UDP", 80), 4]
    assert bind(shared_and_more, b"UDP") == [Target(b"UDP", 80), 3]
    assert [name for name, _, _ in Signature(shared).arguments] == ["on", "kind", "port", "rest"]
    assert code(shared, 1) == 0x01060201
    assert code(shared, 1, b"TCP", 0) == 0x01070003
    assert code(shared_and_more, b"TCP", 1, 2, 3) == 0x01060304


def test_optional_parameters_take_their_defaults() -> None:
    assert bind(optional, b"a") == [b"a", 5, b"TCP"]
    assert bind(optional, b"a", 9) == [b"a", 9, b"TCP"]
    assert bind(optional, b"a", OMITTED, b"UDP") == [b"a", 5, b"UDP"]
    assert bind(optional, b"a", OMITTED, OMITTED) == [b"a", 5, b"TCP"]
    assert bind(maybe) == [None]
    assert bind(maybe, OMITTED) == [None]
    assert bind(maybe, b"secret") == [b"secret"]


@pytest.mark.parametrize(
    ("handler", "parameters", "expected"),
    [
        (mandatory, (), 0x01060200),
        (mandatory, (1,), 0x01060201),
        (mandatory, (1, b"ab", 3), 0x01060203),
        (optional, (), 0x01060100),
        (optional, (b"a", 1, b"TCP", 1), 0x01060304),
        (nothing, (OMITTED,), 0x01060001),
    ],
)
def test_wrong_count(handler: Any, parameters: tuple[Parameter, ...], expected: int) -> None:
    assert code(handler, *parameters) == expected


def test_the_count_is_looked_at_before_the_values() -> None:
    assert code(mandatory, MALFORMED, 99, 1) == 0x01060203


@pytest.mark.parametrize(
    ("handler", "parameters", "expected"),
    [
        (mandatory, (4, b"ab"), 0x01070001),
        (mandatory, (-1, b"ab"), 0x01070001),
        (optional, (b"a", 0), 0x01070002),
        (optional, (b"a", 7201), 0x01070002),
        (optional, (b"a", 1, b"SCTP"), 0x01070003),
        (optional, (b"a", 1, b"tcp"), 0x01070003),
        (choices, (2, 20), 0x01070001),
        (choices, (1, 30), 0x01070002),
    ],
)
def test_invalid_value(handler: Any, parameters: tuple[Parameter, ...], expected: int) -> None:
    assert code(handler, *parameters) == expected


def test_wrong_length() -> None:
    assert code(mandatory, 1, b"a") == 0x01040002
    assert code(mandatory, 1, b"a" * 9) == 0x01040002
    assert code(optional, b"a" * 33) == 0x01040001


@pytest.mark.parametrize(
    ("handler", "parameters", "expected"),
    [
        (mandatory, (MALFORMED, b"ab"), 0x01080001),
        (mandatory, (1, MALFORMED), 0x01080002),
        (mandatory, (b"1", b"ab"), 0x01080001),
        (mandatory, (1, 12), 0x01080002),
        (mandatory, (OMITTED, b"ab"), 0x01080001),
        (mandatory, (1, OMITTED), 0x01080002),
        (optional, (b"a", MALFORMED), 0x01080002),
        (optional, (b"a", b"5"), 0x01080002),
        (choices, (b"1", 20), 0x01080001),
    ],
)
def test_unparsable(handler: Any, parameters: tuple[Parameter, ...], expected: int) -> None:
    assert code(handler, *parameters) == expected


def test_the_first_wrong_parameter_counts() -> None:
    assert code(mandatory, 9, b"") == 0x01070001
    assert code(mandatory, MALFORMED, b"") == 0x01080001


def test_open_source_commands_report_only_what_the_parser_finds() -> None:
    assert code(mandatory, 1, reports_codes=False) is None
    assert code(mandatory, 9, b"ab", reports_codes=False) is None
    assert code(mandatory, 1, b"", reports_codes=False) is None
    assert code(mandatory, MALFORMED, b"ab", reports_codes=False) == 0x01080001
    assert code(mandatory, 1, OMITTED, reports_codes=False) is None


class LinkNumber(Range):
    """There only while the context says so."""

    absent = 0

    def present(self, context: Any) -> bool:
        return bool(context)


def linked(module: Any, link: Annotated[int, LinkNumber(0, 4)], length: Annotated[int, Range(1, 8192)]) -> None: ...


def linked_optionally(module: Any, link: Annotated[int, LinkNumber(0, 4)] = 3) -> None: ...


def test_a_parameter_that_some_states_do_without() -> None:
    assert bind(linked, 2, 10, context=True) == [2, 10]
    assert bind(linked, 10, context=False) == [0, 10]
    assert bind(linked_optionally, context=True) == [3]
    assert bind(linked_optionally, context=False) == [0]


def test_positions_and_counts_are_those_of_the_parameters_that_are_present() -> None:
    for context, parameters, expected in (
        (False, (0,), 0x01070001),
        (True, (0, 0), 0x01070002),
        (False, (1, 10), 0x01060102),
        (True, (10,), 0x01060201),
    ):
        with pytest.raises(CommandError) as caught:
            bind(linked, *parameters, context=context)
        assert caught.value.code == expected


class Address(Argument):
    """Mandatory, but may be left empty."""

    wire_type = bytes
    omittable = True


def addressed(
    module: Any, address: Annotated[bytes | None, Address()], port: Annotated[int, Range(1, 65535)]
) -> None: ...


def test_a_mandatory_parameter_that_may_be_left_empty() -> None:
    assert bind(addressed, OMITTED, 80) == [None, 80]
    assert code(addressed, OMITTED) == 0x01060201


def listed(module: Any, count: Annotated[int, Range(0, 9)], *suites: Annotated[int, Range(0, 0xFFFF)]) -> None: ...


def test_a_last_parameter_that_is_repeated() -> None:
    assert bind(listed, 0) == [0]
    assert bind(listed, 2, 0xC023, 0xC0AD) == [2, 0xC023, 0xC0AD]
    assert bind(listed, 9, *range(60)) == [9, *range(60)]
    assert code(listed) == 0x01060100
    assert code(listed, 1, 2, 0x10000) == 0x01070003
    assert code(listed, 1, b"2") == 0x01080002
    assert code(listed, 2, OMITTED, 3) == 0x01080002
    described = [(name, needed) for name, _, needed in Signature(listed).arguments]
    assert described == [("count", True), ("suites", False)]


def test_a_parameter_without_an_argument_is_a_mistake_of_the_programmer() -> None:
    def broken(module: Any, mode: int) -> None: ...

    with pytest.raises(TypeError, match="mode"):
        Signature(broken)


def test_the_signature_describes_itself() -> None:
    described = [(name, argument.describe(), needed) for name, argument, needed in Signature(optional).arguments]
    assert described == [
        ("name", "string, 0..32 bytes", True),
        ("interval", "1..7200", False),
        ("kind", '"TCP", "UDP"', False),
    ]
    assert [argument.describe() for _, argument, _ in Signature(choices).arguments] == ["0, 1", "20, 40"]
    assert Flag().check(1, 1) is True
