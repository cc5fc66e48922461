"""What the APIs here answer about who calls."""

from gatepass.guard.model.principal import Principal


def described(caller: Principal) -> dict[str, object]:
    return {
        "client_id": caller.client_id,
        "org_id": caller.org_id,
        "scope": str(caller.scope),
        "audience": list(caller.audience),
        "token_id": caller.token_id,
        "expires_at": caller.expires_at,
        "issuer": caller.issuer,
        "environment": caller.environment,
    }
