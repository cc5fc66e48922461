"""The pages of operators."""

from types import SimpleNamespace as Thing

from browser.samples import Sample, site
from gatepass.server.portal.presentation.words import OPERATOR_ROLES

OPERATOR = site(
    environment="production",
    other_environment_url="https://sandbox-app.example.com/",
    organization="Gridworks Operations",
    user=Thing(username="mara", role="user", must_change_password=False),
    role="user",
    is_operator=True,
    section="console",
)
OWNER = site(**{**vars(OPERATOR), "role": "admin"})
ONE = [{"environment": "production", "roles": [OPERATOR_ROLES["account_manager"]]}]
ALL = [
    {"environment": name, "roles": list(OPERATOR_ROLES.values())}
    for name in ("production", "sandbox")
]

PAGES = (
    Sample("console-one-role", "console/first_page.html", {"site": OPERATOR, "environments": ONE}),
    Sample("console-all-roles", "console/first_page.html", {"site": OWNER, "environments": ALL}),
)
