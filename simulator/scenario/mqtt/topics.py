"""Topic filters of MQTT 3.1.1 (4.7). Sans-IO."""


def is_filter(text: bytes) -> bool:
    """Whether a text may stand in a SUBSCRIBE: `#` is a whole level and the last one, `+` a whole level."""
    *levels, last = text.split(b"/")
    return (
        bool(text)
        and all(b"#" not in level and (b"+" not in level or level == b"+") for level in levels)
        and (last in (b"#", b"+") or not (b"#" in last or b"+" in last))
    )


def is_topic(text: bytes) -> bool:
    """Whether a text may stand in a PUBLISH: not empty, at most 65535 bytes, no wildcards."""
    return 0 < len(text) < 65536 and b"+" not in text and b"#" not in text


def matches(wanted: bytes, topic: bytes) -> bool:
    """Whether a topic is one of those that a filter wants. Wildcards at the beginning do not want those of `$`."""
    filters, levels = wanted.split(b"/"), topic.split(b"/")
    if topic.startswith(b"$") and filters[0] in (b"#", b"+"):
        return False
    for number, each in enumerate(filters):
        if each == b"#":
            return True
        if number == len(levels) or each not in (b"+", levels[number]):
            return False
    return len(filters) == len(levels)
