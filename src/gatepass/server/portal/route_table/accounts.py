"""Pages of a person: login, recovery, invitation, and the own account."""

from gatepass.server.portal import redirects
from gatepass.server.portal.access import Access
from gatepass.server.portal.pages import languages
from gatepass.server.portal.pages.factors import adding, own, recovery_codes
from gatepass.server.portal.pages.sessions import (
    accounts,
    ending,
    one_identity,
    recovery,
    second_step,
    verification,
)
from gatepass.server.portal.pages.single_sign_on import account as own_single_sign_on
from gatepass.server.portal.pages.single_sign_on import login as single_sign_on
from gatepass.server.portal.pages.users import invitations, pending_email
from gatepass.server.portal.route_table.route import Route

_FACTORS = "/account/factors/"
_FACTOR = _FACTORS + "{factor_id:uuid}/"
_SESSION = "sessions/{session_id:uuid}/end/"
_SSO = "/accounts/single-sign-on/"
_OWN_SSO = "/account/single-sign-on/"

ACCOUNTS = (
    Route("GET", "/", Access.ANYONE, accounts.first_page),
    Route("GET", redirects.LANGUAGE, Access.ANYONE, languages.choose_in_browser),
    Route("POST", redirects.ACCOUNT_LANGUAGE, Access.LOGGED_IN, languages.choose_in_account),
    Route("GET", "/accounts/login/", Access.ANYONE, accounts.login_form),
    Route("POST", "/accounts/login/", Access.ANYONE, accounts.log_in),
    Route("POST", "/accounts/login/passkey/", Access.ANYONE, second_step.log_in_with_passkey),
    Route("GET", "/accounts/login/second-step/", Access.ANYONE, second_step.form),
    Route("POST", "/accounts/login/second-step/", Access.ANYONE, second_step.finish),
    Route("GET", redirects.SANDBOX, Access.PARTNER, one_identity.give_code),
    Route("GET", redirects.CODE + "{token}/", Access.ANYONE, one_identity.enter),
    Route("POST", "/accounts/logout/", Access.LOGGED_IN, accounts.log_out),
    Route("GET", "/accounts/verify/", Access.LOGGED_IN, verification.form),
    Route("POST", "/accounts/verify/", Access.LOGGED_IN, verification.verify),
    Route("GET", redirects.PASSWORD, Access.LOGGED_IN, accounts.password_form, True, "password"),
    Route("POST", redirects.PASSWORD, Access.LOGGED_IN, accounts.change_password, True, "password"),
    Route("GET", "/accounts/recover/", Access.ANYONE, recovery.form),
    Route("POST", "/accounts/recover/", Access.ANYONE, recovery.request_links),
    Route("GET", "/accounts/recover/{token}/", Access.ANYONE, recovery.password_form),
    Route("POST", "/accounts/recover/{token}/", Access.ANYONE, recovery.set_password),
    Route("GET", "/accounts/invitation/{token}/", Access.ANYONE, invitations.acceptance_form),
    Route("POST", "/accounts/invitation/{token}/", Access.ANYONE, invitations.accept),
    Route("GET", "/accounts/email/{token}/", Access.LOGGED_IN, pending_email.link_form),
    Route(
        "POST",
        "/accounts/email/{token}/",
        Access.LOGGED_IN,
        pending_email.confirm_by_link,
        step_up=True,
    ),
    Route("GET", _SSO, Access.ANYONE, single_sign_on.form),
    Route("POST", _SSO, Access.ANYONE, single_sign_on.by_address),
    Route("GET", _SSO + "{org_id:uuid}/", Access.ANYONE, single_sign_on.start),
    Route("GET", _SSO + "{org_id:uuid}/callback/", Access.ANYONE, single_sign_on.callback),
    Route(
        "POST", f"{_OWN_SSO}connect/", Access.LOGGED_IN, own_single_sign_on.connect, step_up=True
    ),
    Route(
        "POST",
        f"{_OWN_SSO}disconnect/",
        Access.LOGGED_IN,
        own_single_sign_on.disconnect,
        step_up=True,
    ),
    Route("GET", f"{_OWN_SSO}proof/", Access.LOGGED_IN, own_single_sign_on.prove),
    Route("GET", "/account/", Access.LOGGED_IN, accounts.account),
    Route("POST", "/account/email/link/", Access.LOGGED_IN, pending_email.send_link),
    Route(
        "POST",
        "/accounts/sessions/end/",
        Access.LOGGED_IN,
        accounts.end_other_sessions,
        step_up=True,
    ),
    Route("POST", "/account/sessions/end/", Access.LOGGED_IN, ending.end_all_own, step_up=True),
    Route("POST", f"/account/{_SESSION}", Access.LOGGED_IN, ending.end_own, step_up=True),
    Route(
        "POST", "/account/email/confirm/", Access.LOGGED_IN, pending_email.confirm_own, step_up=True
    ),
    Route("POST", "/account/email/reject/", Access.LOGGED_IN, pending_email.reject_own),
    Route("POST", "/account/notices/{notice_id:uuid}/", Access.LOGGED_IN, pending_email.dismiss),
    Route("GET", _FACTORS, Access.LOGGED_IN, own.index),
    Route("GET", f"{_FACTORS}passkeys/add/", Access.LOGGED_IN, adding.passkey_form, step_up=True),
    Route("POST", f"{_FACTORS}passkeys/add/", Access.LOGGED_IN, adding.add_passkey, step_up=True),
    Route("GET", f"{_FACTORS}apps/add/", Access.LOGGED_IN, adding.app_form, step_up=True),
    Route("POST", f"{_FACTORS}apps/add/", Access.LOGGED_IN, adding.add_app, step_up=True),
    Route("GET", f"{_FACTORS}recovery-codes/", Access.LOGGED_IN, recovery_codes.show),
    Route(
        "POST", f"{_FACTORS}recovery-codes/", Access.LOGGED_IN, recovery_codes.make, step_up=True
    ),
    Route("POST", f"{_FACTOR}rename/", Access.LOGGED_IN, own.rename),
    Route("POST", f"{_FACTOR}remove/", Access.LOGGED_IN, own.remove, step_up=True),
)
