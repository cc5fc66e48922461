"""What an environment shows as its own: the settings of a brand, with files and colours read."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from gatepass.server.configuration.branding import palette
from gatepass.server.configuration.branding.image import BrandFile, read
from gatepass.server.configuration.branding.palette import Colours, Contrast, Scheme
from gatepass.server.configuration.branding.settings import (
    BrandingSettings,
    OwnTexts,
    is_address,
    is_link,
)

STYLESHEET = "brand.css"
GATEPASS = "Gatepass"


@dataclass(frozen=True, slots=True)
class Brand:
    """A brand as pages show it; a name of a file is empty where there is none."""

    name: str = GATEPASS
    logo: str = ""
    logo_dark: str = ""
    logo_has_name: bool = False
    icon: str = ""
    stylesheet: str = ""
    support: str = ""
    terms_url: str = ""
    privacy_url: str = ""
    login_text: tuple[str, ...] = ()
    first_page_text: tuple[str, ...] = ()
    texts: Mapping[str, OwnTexts] = field(default_factory=dict)
    colours: Mapping[Scheme, Colours] = field(default_factory=lambda: palette.OWN)
    files: Mapping[str, BrandFile] = field(default_factory=dict, repr=False)
    digest: str = ""
    """A digest of the files, which is in their path, so that browsers keep them."""

    @property
    def path(self) -> str:
        """Return the path of the folder of the files."""
        return f"/static/{self.digest}/"

    @property
    def support_url(self) -> str:
        """Return the address of the link to the support; empty where it is neither kind."""
        if is_address(self.support):
            return f"mailto:{self.support}"
        return self.support if is_link(self.support) else ""

    def in_language(self, code: str) -> "Brand":
        """Return the brand with the operator's texts in a language, as far as they are there."""
        own = self.texts.get(code)
        if own is None:
            return self
        return replace(
            self,
            login_text=_paragraphs(own.login_text) or self.login_text,
            first_page_text=_paragraphs(own.first_page_text) or self.first_page_text,
        )

    def faintest(self) -> dict[Scheme, Contrast]:
        """Return the text with the lowest contrast of each scheme."""
        return {
            scheme: palette.faintest(scheme, colours) for scheme, colours in self.colours.items()
        }


def load(settings: BrandingSettings, folder: Path, name: str, support: str) -> Brand:
    """Return the brand of an environment, from its settings and the files below `folder`.

    `name` and `support` are the operator's, for a brand that has none. Raises ValueError, which
    says what is wrong: a file, or two colours of which one cannot be read on the other.
    """
    if settings.logo_dark and not settings.logo:
        raise ValueError("logo_dark: set logo, too, which the light scheme shows")
    colours = _colours(settings)
    files: dict[str, BrandFile] = {}
    names = dict.fromkeys(("logo", "logo_dark", "icon"), "")
    for kind in names:
        path = getattr(settings, kind)
        if path:
            try:
                ending, file = read(folder / path)
            except ValueError as error:
                raise ValueError(f"{kind}: {error}") from None
            names[kind] = f"{kind}.{ending}"
            files[names[kind]] = file
    css = palette.stylesheet(colours["light"], colours["dark"]) if colours != palette.OWN else ""
    if css:
        files[STYLESHEET] = BrandFile(css.encode(), "text/css; charset=utf-8")
    return Brand(
        name=settings.name or name,
        logo=names["logo"],
        logo_dark=names["logo_dark"],
        logo_has_name=settings.logo_has_name and bool(names["logo"]),
        icon=names["icon"],
        stylesheet=STYLESHEET if css else "",
        support=settings.support or support,
        terms_url=settings.terms_url,
        privacy_url=settings.privacy_url,
        login_text=_paragraphs(settings.login_text),
        first_page_text=_paragraphs(settings.first_page_text),
        texts=settings.texts,
        colours=colours,
        files=files,
        digest=_digest(files),
    )


def _digest(files: Mapping[str, BrandFile]) -> str:
    whole = sha256()
    for name, file in sorted(files.items()):
        whole.update(f"{name} {len(file.content)}\n".encode() + file.content)
    return whole.hexdigest()[:16]


def _colours(settings: BrandingSettings) -> dict[Scheme, Colours]:
    light = settings.light.given
    colours: dict[Scheme, Colours] = {
        "light": palette.complete("light", light),
        "dark": palette.complete("dark", settings.dark.given, light),
    }
    for scheme, chosen in colours.items():
        if chosen != palette.OWN[scheme]:
            palette.check(scheme, chosen)
    return colours


def _paragraphs(text: str) -> tuple[str, ...]:
    lines = "\n".join(line.strip() for line in text.splitlines())
    return tuple(" ".join(part.split()) for part in lines.split("\n\n") if part.strip())
