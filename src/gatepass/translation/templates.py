"""Jinja templates whose texts are shown in the language of their reader."""

from collections.abc import Callable
from datetime import date, datetime

import jinja2
from jinja2.runtime import Context

from gatepass.translation.durations import ago, span
from gatepass.translation.language import Language
from gatepass.translation.message import Message


def install(templates: jinja2.Environment, language_of: Callable[[Context], Language]) -> None:
    """Add `trans`, `_`, filters of dates and numbers, and translated messages to templates.

    `language_of` finds the language in the context that a template is rendered with. Every
    `Message`, and every date, that a template writes is put into it, wherever it comes from.
    """
    templates.policies["ext.i18n.trimmed"] = True  # texts do not depend on how lines are broken
    templates.add_extension("jinja2.ext.i18n")

    @jinja2.pass_context
    def gettext(context: Context, text: str) -> str:
        return language_of(context).translations.gettext(text)

    @jinja2.pass_context
    def ngettext(context: Context, one: str, many: str, number: int) -> str:
        return language_of(context).translations.ngettext(one, many, number)

    @jinja2.pass_context
    def finalize(context: Context, value: object) -> object:
        if isinstance(value, Message | date):
            return language_of(context).write(value)
        return value

    templates.install_gettext_callables(  # type: ignore[attr-defined]
        gettext, ngettext, newstyle=True
    )
    templates.finalize = finalize
    _install_filters(templates, language_of)


def _install_filters(
    templates: jinja2.Environment, language_of: Callable[[Context], Language]
) -> None:
    @jinja2.pass_context
    def utc(context: Context, time: datetime) -> str:
        return language_of(context).utc(time)

    @jinja2.pass_context
    def day(context: Context, time: datetime) -> str:
        return language_of(context).date(time)

    @jinja2.pass_context
    def grouped(context: Context, number: int) -> str:
        return language_of(context).number(number)

    @jinja2.pass_context
    def translated(context: Context, text: str) -> str:
        return language_of(context).translate(text)

    for made in (ago, utc, day, span, grouped, translated):
        templates.filters[made.__name__] = made
