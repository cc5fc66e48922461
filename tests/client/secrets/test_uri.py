"""Sources named by one line of text."""

import pytest

from client.secrets.fake_server import SECRET
from gatepass.client.errors import ConfigurationError
from gatepass.client.secrets import (
    FromAws,
    FromAzure,
    FromCommand,
    FromEnv,
    FromFile,
    FromGoogle,
    FromKeyring,
    FromVault,
    SecretSource,
    from_uri,
)

ARN = "arn:aws:secretsmanager:eu-north-1:111122223333:secret:theirs-AbCdEf"


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("env:MY_SECRET", FromEnv("MY_SECRET")),
        ("file:/run/secrets/gatepass", FromFile("/run/secrets/gatepass")),
        ("file:///run/secrets/gatepass", FromFile("/run/secrets/gatepass")),
        ("file:secret.txt", FromFile("secret.txt")),
        ("keyring:gatepass/acme", FromKeyring("gatepass", "acme")),
        ("keyring:https://app.example/acme", FromKeyring("https://app.example", "acme")),
        ("command:pass gatepass", FromCommand(["pass", "gatepass"])),
        ("command:op read 'op://a b/c'", FromCommand(["op", "read", "op://a b/c"])),
        ("vault:secret/gatepass", FromVault("", "gatepass")),
        ("vault:kv/a/b#key", FromVault("", "a/b", "key", "kv")),
        (
            "vault://vault.example:8200/kv/a/b#key",
            FromVault("https://vault.example:8200", "a/b", "key", "kv"),
        ),
        ("aws:gatepass", FromAws("gatepass")),
        (f"aws:{ARN}#secret", FromAws(ARN, "secret")),
        ("google:projects/p/secrets/s", FromGoogle("projects/p/secrets/s")),
        ("google:projects/p/secrets/s#key", FromGoogle("projects/p/secrets/s", "key")),
        ("azure:acme/gatepass", FromAzure("https://acme.vault.azure.net", "gatepass")),
        (
            "azure://acme.vault.azure.cn/gatepass#key",
            FromAzure("https://acme.vault.azure.cn", "gatepass", "key"),
        ),
    ],
)
def test_a_line_names_a_source(text: str, source: SecretSource) -> None:
    assert from_uri(text) == source


@pytest.mark.parametrize(
    "text",
    [
        "",
        SECRET,
        f"{SECRET}:",
        f"gps:{SECRET}",
        "env",
        "env:",
        f"https://{SECRET}",
        f"keyring:{SECRET}",
        f"keyring:{SECRET}/",
        f"keyring:/{SECRET}",
        f"command:'{SECRET}",
        "command: ",
        f"vault:{SECRET}",
        f"vault:{SECRET}/",
        f"vault:///kv/{SECRET}",
        f"vault:kv/../{SECRET}",
        f"vault://me:{SECRET}@vault.example/kv/a",
        f"google:{SECRET}",
        f"azure:{SECRET}",
        f"azure:acme/{SECRET}",
        f"azure:me:{SECRET}@acme.vault.azure.net/a",
    ],
)
def test_a_line_that_names_none_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(ConfigurationError) as refused:
        from_uri(text)

    assert SECRET not in str(refused.value)
    assert "\n" not in str(refused.value)
