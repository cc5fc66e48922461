"""What holds for every page of the portal, in every state of the samples."""

from collections import Counter
from dataclasses import dataclass, field
from html.parser import HTMLParser
from types import SimpleNamespace
from typing import Any, Self

import pytest
from jinja2 import UndefinedError

from browser.pages import PAGES
from browser.samples import Sample, site
from gatepass.server.admin.console.rendering import TEMPLATES
from gatepass.server.portal import static_files

PARTS = {
    "base.html",
    "macros.html",
    "application/base.html",
    "copy_new_form.html",
    "copy_table.html",
    "console/api_parts.html",
    "application/credential_parts.html",
    "console/authentication_parts.html",
    "console/base.html",
    "console/operator_parts.html",
    "console/parts.html",
    "webhooks/parts.html",
}
CONTROLS = {"input", "select", "textarea"}
HOSTILE = "\"'><script>alert(1)</script><b onclick=x>"
KEYWORDS = {
    "production",
    "sandbox",
    "admin",
    "staff",
    "user",
    "active",
    "disabled",
    "live",
    "ending",
}


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    inside: tuple[str, ...]


@dataclass
class Page(HTMLParser):
    """A page taken apart: its elements, and its text."""

    elements: list[Element] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    path: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    @classmethod
    def read(cls, html: str) -> Self:
        page = cls()
        page.feed(html)
        page.close()
        return page

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs), tuple(self.path)))
        if tag not in {"input", "meta", "link", "br", "img", "source"}:
            self.path.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, dict(attrs), tuple(self.path)))

    def handle_endtag(self, tag: str) -> None:
        assert self.path, f"</{tag}> closes nothing"
        assert self.path.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def all(self, *tags: str) -> list[Element]:
        return [element for element in self.elements if element.tag in tags]

    @property
    def ids(self) -> list[str]:
        return [
            element.attributes["id"] or ""
            for element in self.elements
            if "id" in element.attributes
        ]


def render(sample: Sample) -> str:
    return TEMPLATES.get_template(sample.template).render(sample.context)


def spoil(value: Any) -> Any:  # noqa: ANN401 - whatever a context holds
    """Return `value` with every free text in it replaced by a hostile one."""
    match value:
        case str():
            return value if not value or value in KEYWORDS else HOSTILE
        case list():
            return [spoil(item) for item in value]
        case dict():
            return {key: spoil(item) for key, item in value.items()}
        case SimpleNamespace():
            return SimpleNamespace(**spoil(vars(value)))
        case _:
            return value


every_page = pytest.mark.parametrize("sample", PAGES, ids=lambda sample: sample.name)


def test_every_template_has_a_sample() -> None:
    assert set(TEMPLATES.list_templates()) - PARTS == {sample.template for sample in PAGES}


def test_a_name_the_context_lacks_is_an_error() -> None:
    with pytest.raises(UndefinedError):
        TEMPLATES.get_template("login.html").render(site=site())


@every_page
def test_a_page_is_well_formed(sample: Sample) -> None:
    page = Page.read(render(sample))

    assert page.path == []
    assert [name for name, count in Counter(page.ids).items() if count > 1] == []


@every_page
def test_a_page_has_nothing_inline_that_the_content_policy_refuses(sample: Sample) -> None:
    page = Page.read(render(sample))

    names = {name for element in page.elements for name in element.attributes}
    assert [name for name in names if name == "style" or name.startswith("on")] == []
    assert page.all("style", "iframe", "base") == []
    brand = {f"static/{name}" for name in sample.context["site"].brand.files}
    assert {image.attributes["src"] for image in page.all("img")} <= brand
    assert [script.attributes["src"] for script in page.all("script")] == scripts_of(render(sample))
    assert "javascript:" not in render(sample)
    assert "data:" not in render(sample)


def scripts_of(html: str) -> list[str]:
    """Return the scripts that a page may load: passkeys need one of their own."""
    return ["static/portal.js", *["static/passkeys.js"] * ("data-passkey=" in html)]


@every_page
def test_hostile_content_stays_text(sample: Sample) -> None:
    html = render(Sample(sample.name, sample.template, spoil(dict(sample.context))))
    page = Page.read(html)

    assert len(page.all("script")) == len(scripts_of(html))
    assert page.all("b") == []
    assert "alert(1)" in html
    assert not any(name.startswith("on") for e in page.elements for name in e.attributes)


@every_page
def test_every_control_has_a_label(sample: Sample) -> None:
    page = Page.read(render(sample))

    labelled = {label.attributes.get("for") for label in page.all("label")}
    bare = [
        control.attributes
        for control in page.all(*CONTROLS)
        if control.attributes.get("type") != "hidden"
        and control.attributes.get("id") not in labelled
        and "aria-label" not in control.attributes
    ]
    assert bare == []
    assert labelled <= set(page.ids)


@every_page
def test_every_reference_within_a_page_leads_somewhere(sample: Sample) -> None:
    page = Page.read(render(sample))

    wanted = {
        name
        for element in page.elements
        for key in ("aria-describedby", "aria-labelledby", "data-copy", "data-stay-until")
        for name in (element.attributes.get(key) or "").split()
    } | {
        address[1:]
        for link in page.all("a")
        if (address := link.attributes["href"] or "").startswith("#")
    }
    assert wanted <= set(page.ids)


@every_page
def test_every_wrong_field_says_so_and_the_first_one_has_the_cursor(sample: Sample) -> None:
    page = Page.read(render(sample))
    errors = sample.context.get("errors", {})
    fields = {element.attributes.get("id"): element for element in page.elements}

    for name in filter(None, errors):
        assert fields[name].attributes["aria-invalid"] == "true"
        assert f"{name}-error" in (fields[name].attributes["aria-describedby"] or "").split()
    if errors:
        alert = next(e for e in page.elements if e.attributes.get("role") == "alert")
        assert page.elements.index(alert) < page.elements.index(page.all("form")[-1])
        assert len([e for e in page.elements if "autofocus" in e.attributes]) == 1
        assert "Error: " in "".join(page.text)


@every_page
def test_every_post_carries_the_token_against_forgery(sample: Sample) -> None:
    html = render(sample)

    forms = html.split("<form ")[1:]
    posts = [form.split("</form>")[0] for form in forms if 'method="post"' in form.split(">")[0]]
    assert [
        post for post in posts if '<input type="hidden" name="csrf" value="c5rf">' not in post
    ] == []


@every_page
def test_the_environment_is_named_in_the_band_and_in_the_title(sample: Sample) -> None:
    html = render(sample)
    word = {"production": "Production", "sandbox": "SANDBOX"}[sample.context["site"].environment]

    title = html.split("<title>")[1].split("</title>")[0]
    assert word in title
    assert f'<strong class="band-word">{word}</strong>' in html


@every_page
def test_a_page_has_one_heading_its_landmarks_and_a_way_past_the_navigation(sample: Sample) -> None:
    page = Page.read(render(sample))

    assert len(page.all("h1")) == 1
    assert page.all("html")[0].attributes["lang"] == "en"
    assert [len(page.all(tag)) for tag in ("header", "main", "footer")] == [1, 1, 1]
    assert page.all("a")[0].attributes["href"] == "#main"


@every_page
def test_a_page_with_everything_it_loads_stays_under_60_kilobytes(sample: Sample) -> None:
    page = render(sample)
    assets = {"portal.css", "portal.js", "sandbox.svg"}
    if "passkeys.js" in page:
        assets.add("passkeys.js")
    size = len(page.encode()) + sum(len(static_files.CONTENTS[each]) for each in assets)

    assert size < 60_000


def test_the_page_of_a_person_who_must_change_the_password_leads_nowhere_else() -> None:
    page = Page.read(render(next(sample for sample in PAGES if sample.name == "password-forced")))

    assert [a.attributes["href"] for a in page.all("a") if "nav" in a.inside] == []
    assert [f.attributes["action"] for f in page.all("form")] == [
        "/accounts/logout/",
        "/accounts/password/",
    ]


@pytest.mark.spec("ASVS", "7.4.4")
def test_a_page_of_somebody_who_is_logged_in_has_a_way_to_log_out() -> None:
    pages = [sample for sample in PAGES if sample.context["site"].user]

    without = [
        sample.name
        for sample in pages
        if "/accounts/logout/"
        not in [form.attributes.get("action") for form in Page.read(render(sample)).all("form")]
    ]

    assert len(pages) > 50
    assert without == []


@pytest.mark.parametrize(
    "name",
    [
        "application-staff",
        "applications-staff",
        "secrets-staff",
        "secret-uses-none",
        "refusals-empty",
    ],
)
def test_staff_are_offered_no_change(name: str) -> None:
    page = Page.read(render(next(sample for sample in PAGES if sample.name == name)))

    assert [form.attributes["action"] for form in page.all("form")] == ["/accounts/logout/"]


def test_the_only_live_secret_has_no_button_that_ends_it() -> None:
    page = render(next(sample for sample in PAGES if sample.name == "secrets"))

    assert "/end/" not in page
    assert "only live secret cannot be revoked" in page
