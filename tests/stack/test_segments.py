"""The segments of the ESP8266's send buffer."""

from espat.stack.segments import BUFFER, LAST_NUMBER, QUEUE, Segments


def test_numbers_buffer_and_queue() -> None:
    segments = Segments()
    assert [segments.write(b"x" * 100) for _ in range(3)] == [1, 2, 3]
    assert (segments.next, segments.sent, segments.confirmed) == (4, 0, 0)
    assert (segments.room, segments.queue) == (BUFFER - 300, QUEUE - 3)
    assert segments.waiting == (1, b"x" * 100)
    segments.conclude(delivered=True)
    segments.conclude(delivered=False)
    assert (segments.next, segments.sent, segments.confirmed) == (4, 2, 1)
    assert [segments.outcome(number) for number in range(5)] == [None, True, False, False, None]


def test_the_last_32_are_remembered() -> None:
    segments = Segments()
    for _ in range(40):
        segments.write(b"")
        segments.conclude(delivered=True)
    assert [number for number in range(50) if segments.outcome(number)] == list(range(9, 41))


def test_the_numbers_begin_again() -> None:
    segments = Segments()
    segments.next = LAST_NUMBER
    assert (segments.write(b""), segments.write(b"")) == (LAST_NUMBER, 1)
