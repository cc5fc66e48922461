"""An application copied from the sandbox to production, in a real browser, with two accounts."""

from collections.abc import Callable
from uuid import uuid4

from playwright.sync_api import Browser

from browser.walk import Walk
from server_process import Server

PASSWORD = "four dull penguins reading maps"


def test_an_application_of_the_sandbox_is_copied_to_production(
    server: Server, browser: Browser, walk: Callable[..., Walk]
) -> None:
    username = f"anna-{uuid4().hex[:8]}"
    trial = server.create_organization("Acme trial", username, "sandbox")
    acme = server.create_organization("Acme Energy", username, "production")
    here: Walk = walk(width=1280, scheme="dark")
    here.log_in(username, trial.initial_password)
    here.choose_password(trial.initial_password, PASSWORD)
    here.register("Billing sync")
    here.field("I have stored the client secret").check()
    here.press("Done")
    here.tab("Settings")
    here.follow("copied to another application")
    here.inspect("1-copy")
    code = here.text("#copy-code")

    there = Walk(browser, server.url("production"), 360, "light", None, scripts=True)
    there.log_in(username, acme.initial_password)
    there.choose_password(acme.initial_password, PASSWORD)
    there.go(here.page.get_by_role("link", name="Open the page").get_attribute("href") or "")
    there.field("Copy code").fill(f" {code}\n")
    there.press("Show the differences")
    there.inspect("2-differences")
    assert there.heading() == "Copy Billing sync from the sandbox"
    there.press("Register the copy")

    assert there.heading() == "Billing sync is registered"
    assert here.faults + there.faults == []
    there.close()
