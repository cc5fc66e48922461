"""Pages of an organization: people, policies, single sign-on, webhooks and activity."""

from gatepass.server.portal import redirects
from gatepass.server.portal.access import Access
from gatepass.server.portal.pages import activity
from gatepass.server.portal.pages.sessions import (
    ending,
)
from gatepass.server.portal.pages.single_sign_on import setup as sso_setup
from gatepass.server.portal.pages.users import invitations, pending_email, policies, team
from gatepass.server.portal.pages.webhooks import endpoints as webhooks
from gatepass.server.portal.pages.webhooks import secret as webhook_secret
from gatepass.server.portal.pages.webhooks import sending
from gatepass.server.portal.route_table.route import Route

_USER = "/team/{user_id:uuid}/"
_INVITATION = "/team/invitations/{invitation_id:uuid}/"
_SESSION = "sessions/{session_id:uuid}/end/"
_TEAM_SSO = "/team/single-sign-on/"
_DOMAIN = "/team/single-sign-on/domains/{domain_id:uuid}/"
_WEBHOOK = redirects.WEBHOOKS + "{endpoint_id:uuid}/"

ORGANIZATION = (
    Route("GET", "/team/", Access.TEAM_STAFF, team.index),
    Route("GET", "/team/add/", Access.TEAM_ADMIN, team.add_form),
    Route("POST", "/team/add/", Access.TEAM_ADMIN, team.add, step_up=True),
    Route("GET", "/team/invite/", Access.TEAM_ADMIN, invitations.form),
    Route("POST", "/team/invite/", Access.TEAM_ADMIN, invitations.invite, step_up=True),
    Route("POST", f"{_INVITATION}resend/", Access.TEAM_ADMIN, invitations.resend, step_up=True),
    Route("POST", f"{_INVITATION}revoke/", Access.TEAM_ADMIN, invitations.revoke, step_up=True),
    Route("GET", redirects.POLICIES, Access.ADMIN, policies.form),
    Route("POST", redirects.POLICIES, Access.ADMIN, policies.change, step_up=True),
    Route("GET", _TEAM_SSO, Access.ADMIN, sso_setup.show),
    Route(
        "POST",
        f"{_TEAM_SSO}provider/",
        Access.ADMIN,
        sso_setup.save_provider,
        step_up=True,
    ),
    Route("POST", f"{_TEAM_SSO}test/", Access.ADMIN, sso_setup.test, step_up=True),
    Route("POST", f"{_TEAM_SSO}domains/", Access.ADMIN, sso_setup.add_domain, step_up=True),
    Route("POST", f"{_DOMAIN}check/", Access.ADMIN, sso_setup.check_domain, step_up=True),
    Route("POST", f"{_DOMAIN}remove/", Access.ADMIN, sso_setup.remove_domain, step_up=True),
    Route("POST", f"{_TEAM_SSO}people/", Access.ADMIN, sso_setup.save_people, step_up=True),
    Route("POST", f"{_TEAM_SSO}on/", Access.ADMIN, sso_setup.turn_on, step_up=True),
    Route("POST", f"{_TEAM_SSO}off/", Access.ADMIN, sso_setup.turn_off, step_up=True),
    Route("GET", redirects.WEBHOOKS, Access.ADMIN, webhooks.index),
    Route("GET", f"{redirects.WEBHOOKS}add/", Access.ADMIN, webhooks.add_form),
    Route("POST", f"{redirects.WEBHOOKS}add/", Access.ADMIN, webhooks.add, step_up=True),
    Route("GET", _WEBHOOK, Access.ADMIN, webhooks.one),
    Route("GET", f"{_WEBHOOK}change/", Access.ADMIN, webhooks.change_form),
    Route("POST", f"{_WEBHOOK}change/", Access.ADMIN, webhooks.change, step_up=True),
    Route("GET", f"{_WEBHOOK}secret/", Access.ADMIN, webhook_secret.show),
    Route("POST", f"{_WEBHOOK}rotate/", Access.ADMIN, webhook_secret.rotate, step_up=True),
    Route("POST", f"{_WEBHOOK}test/", Access.ADMIN, sending.test),
    Route("POST", f"{_WEBHOOK}send-again/", Access.ADMIN, sending.send_again),
    Route("POST", f"{_WEBHOOK}enable/", Access.ADMIN, webhooks.enable),
    Route("POST", f"{_WEBHOOK}disable/", Access.ADMIN, webhooks.disable),
    Route("POST", f"{_WEBHOOK}remove/", Access.ADMIN, webhooks.remove),
    Route("GET", _USER, Access.TEAM_ADMIN, team.one),
    Route("GET", f"{_USER}initial-password/", Access.TEAM_ADMIN, team.initial_password),
    Route("POST", f"{_USER}role/", Access.TEAM_ADMIN, team.set_role, step_up=True),
    Route("POST", f"{_USER}password/", Access.TEAM_ADMIN, team.give_access, step_up=True),
    Route("POST", f"{_USER}factors/reset/", Access.TEAM_ADMIN, team.reset_factors, step_up=True),
    Route("POST", f"{_USER}enable/", Access.TEAM_ADMIN, team.enable, step_up=True),
    Route("POST", f"{_USER}disable/", Access.TEAM_ADMIN, team.disable, step_up=True),
    Route(
        "POST", f"{_USER}sessions/end/", Access.TEAM_ADMIN, ending.end_all_of_member, step_up=True
    ),
    Route("POST", f"{_USER}{_SESSION}", Access.TEAM_ADMIN, ending.end_of_member, step_up=True),
    Route("POST", f"{_USER}email/confirm/", Access.TEAM_ADMIN, pending_email.confirm, step_up=True),
    Route("POST", f"{_USER}email/reject/", Access.TEAM_ADMIN, pending_email.reject),
    Route("GET", "/activity/", Access.ADMIN, activity.activity),
    Route("GET", "/activity/export/", Access.ADMIN, activity.export),
)
