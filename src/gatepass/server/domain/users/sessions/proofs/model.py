"""The methods by which a person can prove who they are."""

from typing import Literal

Method = Literal["password", "totp", "passkey", "recovery_code", "single_sign_on"]
