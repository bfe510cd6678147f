"""cliprow.sealing: secrets of tenants, encrypted for one row and no other."""

from __future__ import annotations

import base64
from uuid import UUID

import pytest

from cliprow.config import Config
from cliprow.errors import FailForGood, InvalidInput
from cliprow.sealing import Sealer, SecretsKeyMissing, is_sealed, new_key, parse_keys

KEY = "sk-secret-0123456789wxyz"
ANN, BOB = UUID(int=1), UUID(int=2)


def sealer(*keys: str) -> Sealer:
    return Sealer(parse_keys("KEYS", ",".join(keys)))


def test_what_is_sealed_is_opened_and_shows_nothing() -> None:
    one = sealer(new_key())
    sealed = one.seal(KEY, ANN, "script")
    assert is_sealed(sealed)
    assert not is_sealed(KEY)
    assert KEY not in sealed
    assert base64.b64encode(KEY.encode()).decode().rstrip("=") not in sealed
    assert one.open(sealed, ANN, "script") == KEY
    assert one.seal(KEY, ANN, "script") != sealed, "equal keys are not to be seen as equal"


def test_the_first_key_seals_and_all_open() -> None:
    old, new = new_key(), new_key()
    sealed = sealer(old).seal(KEY, ANN, "script")
    both = sealer(new, old)
    assert both.open(sealed, ANN, "script") == KEY
    again = both.seal(KEY, ANN, "script")
    assert sealer(new).open(again, ANN, "script") == KEY
    with pytest.raises(SecretsKeyMissing):
        sealer(old).open(again, ANN, "script")


@pytest.mark.parametrize(("tenant_id", "provider"), [(BOB, "script"), (ANN, "speech")])
def test_a_sealed_key_is_refused_in_another_row(tenant_id: UUID, provider: str) -> None:
    one = sealer(new_key())
    with pytest.raises(FailForGood) as raised:
        one.open(one.seal(KEY, ANN, "script"), tenant_id, provider)
    assert raised.value.error_code == "SECRET_DAMAGED"


def test_every_changed_character_is_noticed() -> None:
    one = sealer(new_key())
    sealed = one.seal(KEY, ANN, "script")
    start = sealed.rindex(".") + 1
    for place in range(start, len(sealed) - 1):  # the last one holds bits that count for nothing
        other = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
        with pytest.raises(FailForGood):
            one.open(other, ANN, "script")


def test_a_missing_or_wrong_key_says_what_to_do_and_no_secret() -> None:
    secret, wrong = new_key(), new_key()
    sealed = sealer(secret).seal(KEY, ANN, "script")
    for other in (sealer(), sealer(wrong)):
        with pytest.raises(SecretsKeyMissing, match=r"encrypted with the key [0-9a-f]{8}") as raised:
            other.open(sealed, ANN, "script")
        assert "CLIPROW_SECRETS_KEY" in raised.value.next_step
        said = f"{raised.value.message} {raised.value.next_step} {other!r}"
        assert not any(each in said for each in (KEY, secret, wrong, sealed))
    with pytest.raises(SecretsKeyMissing):
        sealer().seal(KEY, ANN, "script")


@pytest.mark.parametrize("text", ["too-short", "A" * 38, f"{'A' * 43}=,nonsense!", "ä" * 43])
def test_what_is_no_key_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        Config.from_environment({"HOME": "/home/me", "CLIPROW_SECRETS_KEY": text})
    assert "openssl rand -base64 32" in raised.value.next_step
    assert text not in raised.value.message


def test_both_alphabets_of_base64_are_taken() -> None:
    raw = bytes(range(224, 256))
    texts = [base64.b64encode(raw).decode(), base64.urlsafe_b64encode(raw).decode().rstrip("=")]
    assert parse_keys("KEYS", ", ".join(texts)) == (raw, raw)


def test_the_key_is_no_provider_setting_and_not_shown() -> None:
    key = new_key()
    config = Config.from_environment({"HOME": "/home/me", "CLIPROW_SECRETS_KEY": key})
    assert config.settings == {}
    assert len(config.secrets_keys) == 1
    assert "secrets_keys=***" in repr(config)
