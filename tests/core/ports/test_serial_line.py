"""A serial line: how long bytes take, and what a receiver at another rate makes of them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from espat.core.ports.serial_line import FACTORY_UART, Receiver, UartParameters, heard


@pytest.mark.parametrize(
    ("parameters", "bits"),
    [
        ((115200, 8, 1, 0, 0), 10),
        ((115200, 8, 1, 1, 0), 11),
        ((115200, 7, 1, 2, 0), 10),
        ((115200, 8, 2, 0, 0), 10.5),
        ((115200, 5, 3, 2, 3), 9),
    ],
)
def test_a_byte_takes_all_its_bits(parameters: tuple[int, int, int, int, int], bits: float) -> None:
    assert UartParameters(*parameters).frame_time == pytest.approx(bits / 115200)


@pytest.mark.parametrize(("flow_control", "obeys"), [(0, False), (1, False), (2, True), (3, True)])
def test_the_module_obeys_cts_when_it_is_told_to(flow_control: int, obeys: bool) -> None:
    assert FACTORY_UART._replace(flow_control=flow_control).obeys_cts is obeys


@given(st.binary(max_size=64), st.integers(300, 5_000_000))
def test_bytes_arrive_as_they_are_at_the_same_rate_and_at_one_that_nobody_has_set(data: bytes, rate: int) -> None:
    assert heard(data, rate, rate) == heard(data, rate, 0) == heard(data, 0, rate) == data
    assert heard(data, rate, round(rate * 1.02)) == data


@pytest.mark.parametrize(
    ("data", "sent", "received", "expected"),
    [
        (b"\x55", 9600, 19200, b"\x66\xe6"),  # each bit is seen twice; the last ones are the idle line
        (b"\x00", 9600, 4800, b"\xf8"),  # nine low bits are less than five
        (b"\xff", 9600, 115200, b"\x00"),  # only the start bit is low, and as long as twelve bits
        (b"\xff", 115200, 9600, b"\xff"),  # a single short edge
    ],
)
def test_what_a_receiver_samples(data: bytes, sent: int, received: int, expected: bytes) -> None:
    assert heard(data, sent, received) == expected


def test_rom_text_at_another_rate_is_garbage_and_always_the_same() -> None:
    text = b" ets Jan  8 2013,rst cause:1, boot mode:(3,7)\r\n"
    noise = heard(text, 74880, 115200)
    assert noise == heard(text, 74880, 115200)
    assert b"ets" not in noise
    assert b"rst" not in noise
    assert len(text) / 2 < len(noise) < len(text) * 2


@given(st.binary(max_size=64), st.integers(80, 5_000_000), st.integers(80, 5_000_000))
def test_any_bytes_at_any_rates_come_to_an_end(data: bytes, sent: int, received: int) -> None:
    assert len(heard(data, sent, received)) <= len(data) * 10


@given(st.lists(st.binary(max_size=8), max_size=8), st.sampled_from([(74880, 115200), (115200, 9600), (9600, 19200)]))
def test_it_makes_no_difference_in_which_blocks_bytes_pass(blocks: list[bytes], rates: tuple[int, int]) -> None:
    receiver = Receiver(*rates)
    received = b"".join(receiver.hear(block, last=False) for block in blocks) + receiver.hear(b"", last=True)
    assert received == heard(b"".join(blocks), *rates)
