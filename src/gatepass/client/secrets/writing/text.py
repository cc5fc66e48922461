"""The text of a secret store with another client secret in it."""

import json

from gatepass.wire.secret import Secret


def with_secret(text: str, field: str, new: Secret) -> str:
    """Return the new secret; in the place of one `field` of the JSON object `text`, if named.

    The text was read with this field before, so it is a JSON object.
    """
    return json.dumps(json.loads(text) | {field: new.value}) if field else new.value
