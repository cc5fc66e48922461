from gatepass.server.cli.demo.pages import Page

PAGE = """<!doctype html><title>x</title><main id="all"><p id="lead">One <b>two</b></p>
<form method="post" action="/a/">
<input type="hidden" name="csrf" value="a&amp;b"><input name="name" value="Ann"><input name="empty">
<input type="password" name="secret"><input type="submit" name="go" value="Go">
<input type="checkbox" name="read" value="yes" checked><input type="checkbox" name="write">
<input type="checkbox" name="bare" checked>
<input type="radio" name="overlap" value="0"><input type="radio" name="overlap" value="1" checked>
<select name="type"><option value="c">C</option><option value="p" selected>P</option></select>
<select name="grant"><option value="first">F</option><option value="second">S</option></select>
<textarea name="uris">https://x
y</textarea></form>
<form action="/b/"><input type="hidden" name="csrf" value="other"></form>
<code id="client-id">gpc&#x5f;live</code></main>"""


def test_a_form_sends_what_a_browser_would_send() -> None:
    assert Page(PAGE).forms["/a/"].fields == {
        "csrf": "a&b",
        "name": "Ann",
        "empty": "",
        "secret": "",
        "read": "yes",
        "bare": "on",
        "overlap": "1",
        "type": "p",
        "grant": "first",
        "uris": "https://x\ny",
    }


def test_forms_are_apart() -> None:
    assert Page(PAGE).forms["/b/"].fields == {"csrf": "other"}


def test_what_is_typed_goes_over_what_the_page_had() -> None:
    filled = Page(PAGE).forms["/b/"].filled(csrf="mine", more="x")

    assert filled == {"csrf": "mine", "more": "x"}


def test_the_text_of_an_element_is_found_by_its_id() -> None:
    texts = Page(PAGE).texts

    assert texts["client-id"] == "gpc_live"
    assert texts["lead"] == "One two"
