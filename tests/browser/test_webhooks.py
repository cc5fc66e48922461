"""Webhooks in a real browser: an endpoint is added, tested, rotated, disabled and removed."""

from collections.abc import Callable
from uuid import uuid4

from browser.walk import Walk
from server_process import Server

Opens = Callable[..., Walk]
PASSWORD = "four dull penguins reading maps"


def test_an_administrator_adds_tests_rotates_and_removes_an_endpoint(
    server: Server, walk: Opens
) -> None:
    acme = server.create_organization("Acme Energy", f"anna-{uuid4().hex[:8]}", "sandbox")
    here: Walk = walk(width=360, scheme="dark")
    here.log_in(acme.username, acme.initial_password)
    here.choose_password(acme.initial_password, PASSWORD)

    here.go("/team/")
    here.follow("Webhooks")
    assert "No endpoints yet" in here.text("main")
    here.inspect("1-empty")
    here.follow("Add the first endpoint")
    here.field("Address").fill("https://10.0.0.1/gatepass")
    here.field("Only these events:").check()
    here.field("secret.leaked").check()
    here.press("Add the endpoint")
    assert "10.0.0.1 is not a public address." in here.text("main")
    assert here.field("secret.leaked").is_checked()
    here.inspect("2-wrong")

    here.field("Address").fill("https://hooks.acme.example/gatepass")
    here.press("Add the endpoint")
    assert here.heading() == "The endpoint is added"
    assert here.text("#signing-secret").startswith("whsec_")
    here.inspect("3-secret")
    here.field("I have stored the signing secret").check()
    here.press("Go on to the endpoint")

    here.press("Send a test")
    assert "webhook.test" in here.text("main")
    here.inspect("4-tested")
    here.press("Rotate the signing secret")
    assert here.heading() == "The new signing secret"
    here.inspect("5-rotated")
    here.field("I have stored the signing secret").check()
    here.press("Go on to the endpoint")
    assert "The old one ends" in here.text("main")

    here.open("Disable")
    here.press("Yes, disable it")
    assert "The endpoint is disabled" in here.text("main")
    here.inspect("6-disabled")
    here.open("Remove")
    here.press("Yes, remove it")
    assert "The endpoint is removed." in here.text("main")
    assert "No endpoints yet" in here.text("main")
    assert here.faults == []
