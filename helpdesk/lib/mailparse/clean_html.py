"""Mail's HTML made safe to show: no script, no form, nothing fetched from elsewhere unless asked for."""

import html as entities
import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote

import nh3

from helpdesk.lib.mailparse.html_text import to_text
from helpdesk.lib.mailparse.nesting import is_shallow

_TAGS = (
    "a abbr address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd del dfn div dl"
    " dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark ol p pre q s samp"
    " section small span strike strong sub sup table tbody td tfoot th thead time tr tt u ul var wbr"
)
TAGS = set(_TAGS.split())
# Left out with all that is in them.
_GONE = (
    "applet audio base canvas embed frame frameset head iframe link math meta noembed noframes noscript object"
    " plaintext script select style svg template textarea title video xmp"
)
GONE = set(_GONE.split())
EVERYWHERE = {"align", "dir", "lang", "style", "title", "valign"}
SIZES = {"bgcolor", "height", "width"}
ATTRIBUTES = {
    "*": EVERYWHERE,
    "a": {"href"},
    "col": {"span", *SIZES},
    "colgroup": {"span", *SIZES},
    "font": {"color", "face", "size"},
    "hr": {"size", *SIZES},
    "img": {"alt", "border", "src", *SIZES},
    "li": {"value"},
    "ol": {"start", "type"},
    "table": {"border", "cellpadding", "cellspacing", *SIZES},
    "td": {"colspan", "rowspan", *SIZES},
    "th": {"colspan", "rowspan", *SIZES},
    "tr": SIZES,
    "ul": {"type"},
}
_STYLES = (
    "background-color border border-bottom border-collapse border-color border-left border-radius border-right"
    " border-spacing border-style border-top border-width color direction font font-family font-size font-style"
    " font-variant font-weight height letter-spacing line-height list-style-type margin margin-bottom margin-left"
    " margin-right margin-top max-width min-width padding padding-bottom padding-left padding-right padding-top"
    " table-layout text-align text-decoration text-indent text-transform vertical-align white-space width word-break"
    " word-wrap overflow-wrap"
)
STYLES = set(_STYLES.split())
# No brackets (so no url(), no expression()), but those of colours; no backslash, no at-sign.
PLAIN_VALUE = re.compile(r"(?:rgba?\([\d\s.,%]{1,40}\)|[\w\s#%.,'\"!+/-]){1,200}", re.ASCII)
FETCHES = re.compile(r"url\s{0,5}\(|image(?:-set)?\s{0,5}\(|https?:|//", re.IGNORECASE)
LINK = re.compile(r"(?:https?://|mailto:|tel:)", re.IGNORECASE)
REMOTE = re.compile(r"(?:https?:)?//", re.IGNORECASE)
LONGEST_ADDRESS = 8_000


@dataclass(frozen=True)
class Clean:
    """Markup to print as it is. `has_remote`: something from elsewhere is left out or, with `remote`, is in it."""

    html: str
    has_remote: bool


def clean(html: str, *, remote: bool = False, inline: Mapping[str, str] | None = None) -> Clean:
    """`remote`: pictures from elsewhere stay. `inline`: content id -> our address of that picture.

    What is too tangled to be read in time proportional to its length comes back as plain text. Never raises.
    """
    html = html.replace("\0", "")
    if not is_shallow(html):
        return Clean(f"<pre>{entities.escape(to_text(html))}</pre>", has_remote=False)
    filters = _Filters(remote, {name.strip("<> ").casefold(): address for name, address in (inline or {}).items()})
    cleaned = nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags=GONE,
        attributes=ATTRIBUTES,
        attribute_filter=filters,
        set_tag_attribute_values={
            "a": {"target": "_blank"},
            "img": {"loading": "lazy", "referrerpolicy": "no-referrer"},
        },
        link_rel="nofollow noopener noreferrer",
        url_schemes={"http", "https", "mailto", "tel", "cid"},
        filter_style_properties=STYLES,
    )
    return Clean(cleaned, has_remote=filters.has_remote)


class _Filters:
    """What each attribute may hold, and whether something would have been fetched from elsewhere."""

    def __init__(self, remote: bool, inline: Mapping[str, str]) -> None:
        self.remote, self.inline = remote, inline
        self.has_remote = False

    def __call__(self, tag: str, attribute: str, value: str) -> str | None:
        if attribute == "style":
            return self._style(value)
        if tag == "img" and attribute == "src":
            return self._picture(value.strip())
        if attribute == "href":
            return value if LINK.match(value.strip()) and len(value) <= LONGEST_ADDRESS else None
        return value[:LONGEST_ADDRESS]

    def _style(self, value: str) -> str | None:
        kept = []
        for declaration in value[:20_000].split(";"):
            name, _, what = declaration.partition(":")
            if FETCHES.search(what):
                self.has_remote = True
            elif name.strip().casefold() in STYLES and PLAIN_VALUE.fullmatch(what):
                kept.append(f"{name.strip()}:{what.strip()}")
        return ";".join(kept) or None

    def _picture(self, value: str) -> str | None:
        if value[:4].casefold() == "cid:":
            return self.inline.get(unquote(value[4:]).strip("<> ").casefold())
        if not REMOTE.match(value) or len(value) > LONGEST_ADDRESS:
            return None
        self.has_remote = True
        return "https:" + value[value.index("//") :] if self.remote else None
