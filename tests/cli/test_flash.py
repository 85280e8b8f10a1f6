"""`espat flash`: what it shows, takes out and puts in."""

import stat
from pathlib import Path

import pytest

from espat.cli import main
from espat.persist.nvs.entry import Type
from espat.persist.storage import Storage, open_storage
from espat.persist.variants import USER_4_MB, VARIANTS
from tests.persist.nvs.vendor import Row, vendors_image


@pytest.fixture
def file(tmp_path: Path) -> str:
    """A flash that has been used."""
    path = tmp_path / "flash.bin"
    storage = open_storage(path, VARIANTS["MINI-1"])
    storage.settings.write("UART", "rate", 9600)
    storage.settings.write("nvs.net80211", "sta.ssid", b"home")
    storage.settings.write("nvs.net80211", "sta.pswd", b"very secret")
    partition = storage.manufacturing.partition
    assert partition is not None
    partition.write("client_key", "client_key.0", Type.BLOB, b"-----BEGIN PRIVATE KEY-----" * 9)
    storage.close()
    return str(path)


def shown(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """What `espat flash` prints, without the blanks around columns."""
    assert main(["flash", *words]) == 0
    return [" ".join(line.split()) for line in capsys.readouterr().out.splitlines()]


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What it says when it does not do it."""
    assert main(["flash", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    return captured.err.removeprefix("espat: ").removesuffix("\n")


def test_it_shows_everything_but_secrets(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, "show", file)
    assert lines[0] == f"{file}: MINI-1, 4194304 bytes"
    for line in (
        "nvs type 0x01, 0x02 at 0x012000, 0x00e000 bytes",
        "fatfs type 0x01, 0x81 at 0x070000, 0x090000 bytes",
        "ota_0 v5.0.0.0, starts",
        "ota_1 none",
        "UART rate i32 9600",
        "nvs.net80211 sta.ssid blob 'home'",
        "nvs.net80211 sta.pswd blob (--secrets shows it)",
        "factory_param module_name string 'MINI-1'",
        "client_key client_key.0 blob (--secrets shows it)",
    ):
        assert line in lines
    text = "\n".join(lines)
    assert "very secret" not in text
    assert "PRIVATE" not in text


def test_secrets_are_shown_on_request(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    lines = shown(capsys, "show", file, "--secrets")
    assert "nvs.net80211 sta.pswd blob 'very secret'" in lines
    (key,) = [line for line in lines if "client_key.0" in line]
    assert key.endswith("and so on, 243 bytes")


def test_showing_changes_nothing_and_does_not_need_the_file_for_itself(
    file: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path(file).read_bytes()
    storage = open_storage(Path(file))
    assert "UART rate i32 9600" in shown(capsys, "show", file)
    storage.close()
    assert Path(file).read_bytes() == before


def test_damage_is_shown_and_left_alone(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    content = bytearray(Path(file).read_bytes())
    content[0x12000 + 64 + 9] ^= 1
    Path(file).write_bytes(content)
    lines = shown(capsys, "show", file)
    assert "damaged: partition nvs, page 0: the CRC of entry 0 is wrong" in lines
    assert "factory_param module_name string 'MINI-1'" in lines
    assert Path(file).read_bytes() == content


def test_a_partition_comes_out_for_its_owner_only(file: str, tmp_path: Path) -> None:
    out = tmp_path / "mfg_nvs.bin"
    out.write_text("something older, and public")
    assert main(["flash", "export", file, "mfg_nvs", str(out)]) == 0
    assert out.read_bytes() == Path(file).read_bytes()[0x21000 : 0x21000 + 0x1C000]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600


def test_an_image_of_espressifs_tools_goes_in(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "mfg_nvs.bin"
    rows = [
        Row("factory_param", "version", Type.I8, 4),
        Row("factory_param", "module_name", Type.STRING, b"OURS"),
        Row("client_cert", "client_cert.0", Type.BLOB, b"certificate" * 120),
    ]
    source.write_bytes(vendors_image(0x1C000, rows))
    assert main(["flash", "import", file, "mfg_nvs", str(source)]) == 0
    lines = shown(capsys, "show", file)
    assert lines[0].startswith(f"{file}: OURS")
    assert "UART rate i32 9600" in lines
    storage = open_storage(Path(file))
    assert storage.manufacturing.read("client_cert", "client_cert.0") == b"certificate" * 120
    assert storage.manufacturing.parameters().module_name == "OURS"
    storage.close()


def test_a_user_table_goes_in_and_leaves_the_partitions(
    file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "at_customize.bin"
    fatfs = USER_4_MB.partitions[1]._replace(size=0x10000)
    more = fatfs._replace(name="more", type=0x40, subtype=0, offset=0x80000)
    source.write_bytes(type(USER_4_MB)((USER_4_MB.partitions[0], fatfs, more)).pack().ljust(0xC00, b"\xff"))
    assert main(["flash", "import", file, "at_customize", str(source)]) == 0
    lines = shown(capsys, "show", file)
    assert "more type 0x40, 0x00 at 0x080000, 0x010000 bytes" in lines
    assert "factory_param module_name string 'MINI-1'" in lines


def test_a_file_is_made_for_what_goes_in(tmp_path: Path) -> None:
    out, file = tmp_path / "nvs.bin", tmp_path / "new.bin"
    out.write_bytes(vendors_image(0xE000, [Row("UART", "rate", Type.I32, 4800)]))
    assert main(["flash", "import", str(file), "nvs", str(out)]) == 0
    storage = open_storage(file)
    assert storage.settings.read("UART", "rate") == 4800
    assert storage.chip.read(0x21000, 0x1C000) == Storage().chip.read(0x21000, 0x1C000)
    storage.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new.bin", "nvs.bin"]


def test_values_are_set(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    key = tmp_path / "key.pem"
    key.write_bytes(b"another key")
    for words in (
        ("factory_param", "max_tx_power", "0x28"),
        ("factory_param", "country_code", "DE"),
        ("client_key", "client_key.0", f"@{key}"),
        ("UART", "rate", "19200"),
        ("UART", "parity", "1"),
        ("mine", "number", "-5"),
        ("mine", "text", "hello"),
        ("mine", "small", "7", "--type", "u8"),
        ("extra", "text", "hello", "--partition", "mfg_nvs"),
        ("client_cert", "client_cert.2", f"@{key}"),
        ("factory_param", "uart_bauderate", "9600", "--type", "i32"),
    ):
        assert main(["flash", "set", file, *words]) == 0
    lines = shown(capsys, "show", file, "--secrets")
    for line in (
        "factory_param max_tx_power i8 40",
        "factory_param country_code string 'DE'",
        "client_key client_key.0 blob 'another key'",
        "UART rate i32 19200",
        "UART parity i8 1",
        "mine number i32 -5",
        "mine text blob 'hello'",
        "mine small u8 7",
        "extra text string 'hello'",
        "client_cert client_cert.2 blob 'another key'",
        "factory_param uart_bauderate i32 9600",
    ):
        assert line in lines


def test_what_is_wrong_is_said(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes = tmp_path / "notes"
    notes.write_text("my notes")
    big = tmp_path / "big"
    big.write_bytes(bytes(0x1C001))
    names = "phy_init, otadata, nvs, at_customize, ota_0, ota_1, mfg_nvs, fatfs"
    before = Path(file).read_bytes()
    for words, reason in (
        (("show", str(tmp_path / "none")), f"{tmp_path}/none: No such file or directory"),
        (("show", str(notes)), f"{notes}: expected a flash image, got 8 bytes"),
        (("export", file, "none", str(notes)), f"expected a partition, one of {names}, got 'none'"),
        (("import", file, "none", str(notes)), f"expected a partition, one of {names}, got 'none'"),
        (("import", file, "mfg_nvs", str(big)), f"{big}: expected at most 114688 bytes for mfg_nvs, got 114689"),
        (("import", file, "mfg_nvs", str(notes)), f"{notes}: not for mfg_nvs: page 0: state 0x6e20796d"),
        (
            ("import", file, "at_customize", str(big)),
            f"{big}: not for at_customize: entry 0 of the partition table begins with 0000",
        ),
        (
            ("import", str(notes), "mfg_nvs", str(big)),
            f"{notes}: expected a flash image of 4194304 or 2097152 or 1048576 bytes, got 8",
        ),
        (("set", file, "UART", "rate", "fast"), "UART rate: expected a number, got 'fast'"),
        (
            ("set", file, "factory_param", "uart_baudrate", "79"),
            "factory_param uart_baudrate: expected 80 to 5000000, got 79",
        ),
        (
            ("set", file, "factory_param", "uart_tx_pin", "-2"),
            "factory_param uart_tx_pin: expected -1 to 39, got -2",
        ),
        (
            ("set", file, "factory_param", "max_tx_power", "85", "--type", "i8"),
            "factory_param max_tx_power: expected 40 to 84, got 85",
        ),
        (("set", file, "UART", "parity", "200"), "UART parity: expected a value of the type I8, got 200"),
        (
            ("set", file, "a", "b", "1", "--partition", "fatfs"),
            "--partition: expected nvs or mfg_nvs, got 'fatfs'",
        ),
        (
            ("set", file, "factory_param", "uart_bauderate", "9600"),
            "unknown value 'factory_param uart_bauderate' (did you mean factory_param uart_baudrate?); "
            "--type makes a new value",
        ),
        (
            ("set", file, "factory_parm", "uart_baudrate", "9600"),
            "unknown value 'factory_parm uart_baudrate' (did you mean factory_param?); --type makes a new value",
        ),
        (
            ("set", file, "a", "a key that is too long", "1"),
            "a a key that is too long: expected a name of 1 to 15 characters, got 'a key that is too long'",
        ),
    ):
        assert refused(capsys, *words) == reason
    assert Path(file).read_bytes() == before
    assert notes.read_text() == "my notes"


def test_a_file_in_use_is_not_changed(file: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    storage = open_storage(Path(file))
    for words in (("set", file, "UART", "rate", "1"), ("import", file, "nvs", file)):
        assert refused(capsys, *words) == f"{file}: another program uses it; each module needs a file of its own"
    assert storage.settings.read("UART", "rate") == 9600
    storage.close()
