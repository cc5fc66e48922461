"""What the reference shows: arguments and answers that the examples of operations share."""

ORGANIZATION_ID = "5c4f6f0e-7d0f-4f0e-9d0a-3f8f5f1f2a10"
PERSON_ID = "0b8d2f5a-94c6-4a57-8f0e-6c1f7a2b9e31"
INVITATION_ID = "9a3d1c77-25e0-4c0b-b8c5-1f0a6d2e4b58"
SECRET_ID = "e1f7b2c4-6a8d-4f39-a0c2-7d5b3e9f1a64"  # noqa: S105 - an id
APPLICATION_ID = "2f6a9e1d-3b7c-4d85-9e40-8a1c5f7d2b93"
CLIENT_ID = "gpc_live_W4y8WztZ27bEQQqWcADkJsmGmc64"
ROTATED_CLIENT_ID = "gpc_live_V0h3nYq5Lr7sXcT2mKd9JwPfUb4e"
KEYED_CLIENT_ID = "gpc_live_Q2r8sTz5Lw7xVnB3mKd6JyPhUa4c"
ROTATED_SECRET_ID = "7c9e5d3a-1f2b-4e6c-8a0d-9b4f6e2c8d15"  # noqa: S105 - an id
KEY_ID = "4b1d7a52-0c9e-4f6b-8d13-5e2a9c7f6b04"
CERTIFICATE_ID = "d81f0c36-5b7e-4a29-9c64-1e3f8a7b5d02"
MAIL_ID = 17
ENDPOINT_ID = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
DELIVERY_ID = 4242
RESOURCE = "https://meters.example.com"
OLD_RESOURCE = "https://old.example.com"
SCOPE = "meters:read"
LOGIN_URL = "https://auth.example.com/accounts/login/"

ORGANIZATION = {
    "id": ORGANIZATION_ID,
    "name": "Acme Energy",
    "state": "active",
    "created_at": "2026-11-02T08:30:00Z",
    "suspended_at": None,
}
PERSON = {
    "id": PERSON_ID,
    "org_id": ORGANIZATION_ID,
    "username": "anna",
    "email": "anna@acme.example",
    "pending_email": None,
    "role": "admin",
    "state": "active",
}
INVITATION = {
    "id": INVITATION_ID,
    "org_id": ORGANIZATION_ID,
    "email": "bert@acme.example",
    "role": "staff",
    "invited_by": "the operator",
    "created_at": "2026-11-02T08:30:00Z",
    "expires_at": "2026-11-09T08:30:00Z",
}
SECRET = {
    "id": SECRET_ID,
    "ends_with": "x4Qz",
    "created_at": "2026-11-02T08:30:00Z",
    "expires_at": None,
    "ends_when_replaced": False,
}
ROTATION = {"is_on": False, "days": 30, "overlap": "24-hours", "last_rotation": None}
APPLICATION = {
    "id": APPLICATION_ID,
    "client_id": CLIENT_ID,
    "org_id": ORGANIZATION_ID,
    "name": "Billing",
    "state": "active",
    "scope": "read write",
    "token_lifetime": 36000,
    "contact": "ops@acme.example",
    "networks": ["203.0.113.0/24"],
    "redirect_uris": [],
    "rate_limit_mode": "off",
    "rate_limit": None,
    "dpop_bound_access_tokens": False,
    "tls_client_certificate_bound_access_tokens": False,
    "profile": None,
    "introspection_signed_response_alg": None,
    "automatic_rotation": ROTATION,
    "created_at": "2026-11-02T08:30:00Z",
    "created_by": "anna",
    "imported_from": None,
    "tokens_revoked_before": None,
    "secrets": [SECRET],
}
ENDPOINT: dict[str, object] = {
    "id": ENDPOINT_ID,
    "org_id": ORGANIZATION_ID,
    "url": "https://acme.example/hooks",
    "events": [],
    "description": "Billing",
    "state": "enabled",
    "disabled_because": None,
    "created_at": "2026-11-02T08:30:00Z",
    "created_by": "operator",
    "old_secret_until": None,
}
