"""The certificates that the simulator ships, and those it makes."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from espat.persist import pki
from espat.persist.manufacturing import SHIPPED, shipped_value
from espat.persist.pki import KEY_SETS, KeySet


def certificate(key_set: KeySet, what: str) -> x509.Certificate:
    data = shipped_value(f"{key_set.kind}_{what}", key_set.key(what))
    assert data is not None
    return x509.load_pem_x509_certificate(data)


def common_name(name: x509.Name) -> str | bytes:
    return name.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value


def each(key_set: KeySet) -> str:
    return key_set.key("cert")


@pytest.mark.parametrize("key_set", KEY_SETS, ids=each)
def test_a_certificate_is_its_authoritys(key_set: KeySet) -> None:
    authority, own = certificate(key_set, "ca"), certificate(key_set, "cert")
    own.verify_directly_issued_by(authority)
    authority.verify_directly_issued_by(authority)
    assert common_name(own.subject) == key_set.subject.name


@pytest.mark.parametrize("key_set", KEY_SETS, ids=each)
def test_a_key_fits_its_certificate(key_set: KeySet) -> None:
    data = shipped_value(f"{key_set.kind}_key", key_set.key("key"))
    assert data is not None
    key = load_pem_private_key(data, None)
    public = certificate(key_set, "cert").public_key()
    assert isinstance(key, RSAPrivateKey)
    assert isinstance(public, RSAPublicKey)
    assert key.public_key().public_numbers() == public.public_numbers()
    assert key.key_size == 2048


@pytest.mark.parametrize("what", ["ca", "cert"])
@pytest.mark.parametrize("key_set", KEY_SETS, ids=each)
def test_they_are_valid_from_2020_for_decades(key_set: KeySet, what: str) -> None:
    found = certificate(key_set, what)
    assert found.not_valid_before_utc == datetime(2020, 1, 1, tzinfo=UTC)
    assert found.not_valid_after_utc == datetime(2070, 1, 1, tzinfo=UTC)


def test_the_server_may_be_a_server_and_the_others_clients() -> None:
    for key_set in KEY_SETS:
        usage = certificate(key_set, "cert").extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
        wanted = ExtendedKeyUsageOID.SERVER_AUTH if key_set.kind == "server" else ExtendedKeyUsageOID.CLIENT_AUTH
        assert list(usage) == [wanted]


def test_client_set_1_has_an_authority_of_its_own() -> None:
    issuers = {key_set.key("cert"): common_name(certificate(key_set, "cert").issuer) for key_set in KEY_SETS}
    assert [key for key, issuer in issuers.items() if issuer != issuers["server_cert"]] == ["client_cert.1"]


def test_no_authoritys_own_key_is_shipped() -> None:
    assert not list(SHIPPED.glob("ca_key*"))


@pytest.mark.parametrize(
    ("namespace", "key"),
    [
        ("client_cert", "client_cert"),
        ("client_cert", "client_cert.2"),
        ("server_cert", "client_cert.0"),
        ("mqtt_key", "server_key"),
        ("factory_param", "version"),
        ("client_cert", "client_cert./../../pki"),
    ],
)
def test_nothing_else_is_there(namespace: str, key: str) -> None:
    assert shipped_value(namespace, key) is None


def test_new_ones_have_the_keys_of_the_shipped_ones_and_are_others() -> None:
    made = pki.make()
    shipped = {path.stem: path.read_bytes() for path in SHIPPED.glob("*.pem")}
    assert set(made) - set(shipped) == {"ca_key.0", "ca_key.1"}
    assert set(shipped) < set(made)
    assert not set(made.values()) & set(shipped.values())


def test_half_a_folder_is_not_written(tmp_path: Path) -> None:
    (tmp_path / "wss_key.pem").write_bytes(b"mine")
    with pytest.raises(FileExistsError, match=r"wss_key\.pem is there already"):
        list(pki.write({"server_ca": b"a", "wss_key": b"b"}, tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["wss_key.pem"]
