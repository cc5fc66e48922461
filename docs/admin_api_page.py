"""The reference of the Admin API, from the descriptions of its operations."""

from collections.abc import Iterator
from typing import Any

from pydantic.fields import FieldInfo

from gatepass.server.admin.operations.model import Arguments, Operation
from gatepass.server.admin.operations.registry import REMOTE
from gatepass.server.domain.catalogue import admin_scopes

_SCOPES = (
    "production:organizations:write",
    "production:applications:read",
    "production:applications:write",
    "production:usage:read",
)
_HEAD = """\
# Admin API

<!-- Written by docs/generate.py from src/gatepass/server/admin/operations/. -->

What operators do by the command line, for your own programs: a back office that creates partners,
a job that looks for secrets that expire. It is at `/api/admin/v1/` of production and acts in both
environments: `/api/admin/v1/production/...` and `/api/admin/v1/sandbox/...`. Its description for
tools is `/api/admin/v1/openapi.json` (OpenAPI 3.1). Operators, the master key, backup and restore
are not in it; on the server's machine every command works also where the API does not.

## Who may call it

Only programs of your own, the operating organization, which the first
[operator](../operate/operators.md) makes. Register each on the server's machine, with the scopes
that it needs and the networks that it calls from:

```console
$ gatepass application create --organization operator --name "Back office" \\
    --scope "SCOPE" \\
    --network 127.0.0.1 --json
```

A scope names an environment, an area and `read` or `write`; reading needs `read`, also for who may
write. Such an application has no other scopes, no partner's application gets one of them, and its
tokens live for 15 minutes at most. What belongs to yourself (the operating organization, its
people and programs) is not in reach of the API.

## A walk with curl

`URL` is the address of production; `CLIENT_ID` and `CLIENT_SECRET` are what the command above has
printed.

```console
$ TOKEN=$(curl -sS -u "$CLIENT_ID:$CLIENT_SECRET" -d grant_type=client_credentials \\
    "$URL/oauth2/token/" | jq -r .access_token)
$ API="$URL/api/admin/v1/production"
$ call() { curl -sS -H "Authorization: Bearer $TOKEN" -H "Content-Type: application/json" "$@"; }
```

Create a partner. The answer has the initial password of its administrator, once. With an
`Idempotency-Key`, a request that is sent again is not done again, and is answered alike for 24
hours: use a new random key for each thing that you want, and the same one when you try again.

```console
$ KEY=$(cat /proc/sys/kernel/random/uuid)
$ call -H "Idempotency-Key: $KEY" -d '{"name": "Acme Energy", "username": "anna.acme"}' \\
    "$API/organizations" > created.json
$ ORG_ID=$(jq -r .organization.id created.json)
$ jq -r .username created.json
anna.acme
$ call -H "Idempotency-Key: $KEY" -d '{"name": "Acme Energy", "username": "anna.acme"}' \\
    "$API/organizations" | cmp - created.json && echo "the same answer"
the same answer
```

Register an application for it, and look why a program is refused:

```console
$ call -d '{"name": "Billing", "networks": ["203.0.113.0/24"]}' \\
    "$API/organizations/$ORG_ID/applications" > application.json
$ PARTNER=$(jq -r .application.client_id application.json)
$ curl -sS -u "$PARTNER:$(jq -r .client_secret application.json)" \\
    -d grant_type=client_credentials "$URL/oauth2/token/" | jq -r .error
invalid_client
$ sleep 6
$ call "$API/applications/$PARTNER/refusals" | jq -r '.items[].words'
Network not allowed from ...
```

Change it only if nobody else has changed it since you looked: send the `ETag` as `If-Match`.

```console
$ ETAG=$(call -o /dev/null -D - "$API/applications/$PARTNER" | tr -d '\\r' | sed -n 's/^etag: //ip')
$ call -X PATCH -H "If-Match: $ETAG" -d '{"networks": ["127.0.0.1"]}' \\
    "$API/applications/$PARTNER" | jq -c .networks
["127.0.0.1/32"]
$ call -X PATCH -H "If-Match: $ETAG" -d '{"networks": []}' \\
    "$API/applications/$PARTNER" | jq .status
412
```

See what a dangerous call would stop, and stop nothing:

```console
$ call -X POST "$API/organizations/$ORG_ID/suspend?dry_run=true" | jq -r '.effect.sentences[]'
1 application stops: it was issued 0 tokens in the last hour.
1 person cannot log in.
Its access tokens are revoked, and stay revoked after it is resumed.
```

## What all calls have in common

- Bodies are JSON, of 64 KiB at most. A member that is not described is refused by its name (422).
- Lists have pages: `limit` is 200 at most, of exports 1,000; give `next_cursor` back as `cursor`
  until it is null.
- A change with `dry_run=true` is done and undone: the answer has `result`, as it would be, without
  secrets, and `effect`: what would stop, in sentences and counts, and whether it can be undone.
- An answer has an `ETag` where it is of one object. `If-Match` refuses a change (412) of what
  somebody has changed meanwhile; `If-None-Match` answers 304 where nothing has changed.
- `Idempotency-Key` is for POST. The same key with another request is refused (422).
- Errors are `application/problem+json` (RFC 9457): `detail` says what to do, `errors` names the
  fields.
- A secret is in one answer alone.
- The audit trail names the application, as `Back office (gpc_live_...)`; organizations see
  "operator".

The column *role* says which operators may do it in the console; an owner may do everything.

"""


def admin_api_page() -> str:
    """Return the page about the Admin API: a table of operations for each area."""
    parts = [_HEAD.replace("SCOPE", " ".join(_SCOPES), 1)]
    for area, words in admin_scopes.AREAS.items():
        operations = [each for each in REMOTE if each.area == area]
        if operations:
            parts.append(f"## {area}\n\nTo see and change {words}.\n\n")
            parts.append("".join(_operation(each) for each in operations))
    return "".join(parts).rstrip("\n") + "\n"


def _operation(operation: Operation[Any, Any]) -> str:
    roles = ", ".join(sorted(operation.roles)) or "owner"
    stops = "yes: a dry run says what stops" if operation.effect else "no"
    scope = operation.scope("ENVIRONMENT")
    lines = [
        f"### `{operation.method} {operation.path}`",
        f"{operation.summary} {operation.description}".rstrip(),
        "| operation | scope | role | dangerous |\n|---|---|---|---|",
    ]
    lines[-1] += f"\n| `{operation.name}` | `{scope}` | {roles} | {stops} |"
    arguments = list(_arguments(operation))
    if arguments:
        lines.append("| argument | type | what it is |\n|---|---|---|\n" + "\n".join(arguments))
    return "\n\n".join(lines) + "\n\n"


def _arguments(operation: Operation[Any, Any]) -> Iterator[str]:
    model: type[Arguments] = operation.input
    schemas = model.model_json_schema()["properties"] if model.model_fields else {}
    for name, field in model.model_fields.items():
        cells = (
            f"`{name}`{_where(operation, name, field)}",
            type_words(schemas[name]),
            _words(field),
        )
        yield f"| {' | '.join(cells)} |"


def _where(operation: Operation[Any, Any], name: str, field: FieldInfo) -> str:
    if name in operation.parameters:
        return " (path)"
    return " (needed)" if field.is_required() else ""


def type_words(schema: dict[str, Any]) -> str:
    """Return the type of a JSON schema in a few words."""
    if "anyOf" in schema:
        return " or ".join(dict.fromkeys(type_words(each) for each in schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if schema.get("type") == "array":
        return f"list of {type_words(schema['items'])}"
    if schema.get("format") == "date-time":
        return "moment"
    if "const" in schema:
        return f"`{schema['const']}`"
    return {"uuid": "id"}.get(schema.get("format", ""), str(schema.get("type", "any")))


def _words(field: FieldInfo) -> str:
    return (field.description or "").replace("|", "\\|")
