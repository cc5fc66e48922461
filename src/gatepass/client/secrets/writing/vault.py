"""Replaces one member of a secret in HashiCorp Vault or OpenBao (KV version 2)."""

from gatepass.client.errors import ConfigurationError
from gatepass.client.secrets.validation import member
from gatepass.client.secrets.vault.secret import FromVault
from gatepass.client.secrets.writing.store import ReadBySource, check_same
from gatepass.wire.secret import Secret


class VaultStore(ReadBySource):
    """What a FromVault reads. A new version is written, if the newest is still the one read."""

    def __init__(self, source: FromVault) -> None:
        super().__init__(source, source.where)
        self._vault = source

    def check(self) -> None:
        """Raise where Vault names no version, without which a write could undo another."""
        vault = self._vault.connect()
        self._check_version(self._vault.read(vault, self._vault.log_in(vault))[1])

    def write(self, new: Secret, expected: Secret) -> None:
        """Write all members again with the new secret, by check-and-set on the version."""
        vault = self._vault.connect()
        token = self._vault.log_in(vault)
        values, version = self._vault.read(vault, token)
        self._check_version(version)
        field = self._vault.field
        check_same(Secret(member(values, field, self.where)), expected, self.where)
        data = values | {field: new.value}
        vault.write(self._vault.data_path, token, {"options": {"cas": version}, "data": data})

    def _check_version(self, version: int) -> None:
        if version < 1:
            raise ConfigurationError(
                f"{self.where} has no version: check that the mount is a KV store of version 2"
            )
