"""One spelling for the many addresses of one article.

`https`, no `www.`, no AMP, no tracking parameters, no fragment, parameters in order: two addresses
with the same canonical form lead to the same article. Nothing is fetched.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

# Parameters that say where a reader came from, not what is read.
_TRACKING = frozenset(
    """
    fbclid gclid dclid gbraid wbraid msclkid yclid ysclid twclid ttclid igshid igsh li_fat_id
    mc_cid mc_eid _ga _gl _hsenc _hsmi __hstc __hssc __hsfp hsctatracking mkt_tok vero_id
    oly_anon_id oly_enc_id s_cid s_kwcid ns_campaign ns_mchannel ns_source ns_linkname ns_fee
    ref ref_src ref_url referrer referer refer smid smtyp smprod smvar cmp cmpid cmp_id ocid icid
    ito taid xtor xtref ncid nlid ftag mbid sref srnd sr_share soc_src soc_trk guccounter
    guce_referrer guce_referrer_sig partner via rss feedtype feedname campaign_id instance_id
    segment_id regi_id emc emci emdi ceid spm share share_id sharetype shareid shared
    wt.mc_id wt_mc wt_zmc at_medium at_campaign at_custom1 at_custom2 at_custom3 at_custom4
    at_link_id at_link_type at_link_origin at_format at_bbc_team at_campaign_type at_ptr_name
    amp amphtml outputtype cxrecs_s recip_id srcref trk trkcampaign trackingid tracking_id
    __twitter_impression _branch_match_id echobox wprov fb_action_ids fb_action_types fb_source
    action_object_map action_type_map hootpostid sh_kit src_trk utm
    """.split()
)
_TRACKING_PREFIXES = (
    "utm_", "pk_", "mtm_", "piwik_", "matomo_", "hsa_", "stm_", "itm_", "at_", "amp_",
)  # fmt: skip
# These are tracking only with values such as these: `source=rss`, but not `source=42`.
_TRACKING_VALUES = {
    key: frozenset(
        "rss feed feeds atom twitter facebook fb email newsletter social amp app mobile share "
        "googlenews google whatsapp telegram linkedin reddit flipboard applenews".split()
    )
    for key in ("source", "src", "from", "medium", "output", "view", "type", "feed", "origin", "s")
}
_TRACKING_VALUES |= {"m": frozenset({"1"}), "mobile": frozenset({"1", "true"})}
_SUBDOMAINS = ("www.", "m.", "amp.", "mobile.", "www1.", "www2.", "www3.")
_MAX_LENGTH = 8_192  # characters; longer addresses are refused

_HOST = re.compile(r"(?=.*[a-z0-9])[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_PLAIN = re.compile(r"[A-Za-z0-9/._~!$'()*+,;:@=-]*")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
# The address that an AMP cache's path holds, by the start of the cache's host.
_CACHED = re.compile(r"/[a-z]/(?:s/)?(?=[^/]*\.)(.+)", re.DOTALL)
_VIEWED = re.compile(r"/amp/(?:s/)?(?=[^/]*\.)(.+)", re.DOTALL)
# What a path may end in without leading elsewhere, and the AMP prefix.
_ENDINGS = re.compile(r"/(?:amp|amphtml|(?:index|default|amp)\.(?:html?|php|aspx?|jsp))?$|\.amp$")
_AMP_HTML = re.compile(r"\.amp(?=\.html?$)")


def canonical_url(url: str) -> str | None:
    """The address by which an article is known, whatever address it was found under.

    Lower-case host without `www.`, `m.` and the like, `https`, no default port, user, tracking
    parameters, AMP form or cache, index file, trailing slash or fragment (a `#!` route stays);
    the other parameters sorted; one percent-encoding. Applying it twice changes nothing.
    Returns None for what is not an http(s) address; raises for no string.
    """
    if len(url) > _MAX_LENGTH:
        return None
    while True:
        try:
            parts = urlsplit(url.strip())
            host, port = _host(parts.hostname), parts.port
        except ValueError:
            return None
        if host is None or parts.scheme not in ("http", "https"):
            return None
        path = _encoded(parts.path)
        cached = _in_amp_cache(host, path)
        if cached is None:
            break
        url = f"https://{cached[1]}" + (f"?{parts.query}" if parts.query else "")
    netloc = host if port in (None, 80, 443) else f"{host}:{port}"
    query = _query(parts.query) if parts.query else ""
    route = _encoded(parts.fragment) if parts.fragment.startswith("!") else ""
    return (
        f"https://{netloc}{_path(path) or '/'}"
        + (f"?{query}" if query else "")
        + (f"#{route}" if route else "")
    )


def url_host(url: str) -> str | None:
    """The host of an address or bare domain, as `canonical_url` writes it; None without one."""
    if len(url) > _MAX_LENGTH:
        return None
    url = url.strip()
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        host = _host(parts.hostname)
    except ValueError:
        return None
    return host if host and ("." in host or "://" in url) else None


def _host(host: str | None) -> str | None:
    if not host:
        return None
    if ":" in host:  # urlsplit has checked that it is an IPv6 address
        return f"[{host}]" if re.fullmatch(r"[0-9a-f:.]+", host) else None
    if not host.isascii():
        host = host.encode("idna").decode("ascii").lower()
    host = host.rstrip(".")
    while host.startswith(_SUBDOMAINS):
        rest = host.partition(".")[2]
        if "." not in rest:
            break
        host = rest
    return host if _HOST.fullmatch(host) else None


def _in_amp_cache(host: str, path: str) -> re.Match[str] | None:
    if host.endswith("cdn.ampproject.org"):
        return _CACHED.match(path)
    if host.startswith(("google.", "bing.")):
        return _VIEWED.match(path)
    return None


def _encoded(part: str) -> str:
    """One percent-encoding: upper-case hexadecimal, and only where it is needed."""
    if _PLAIN.fullmatch(part):
        return part
    part = _ESCAPE.sub(_escape, part)
    return quote(part, safe="/._~!$'()*+,;:@=-%", errors="replace")


def _escape(match: re.Match[str]) -> str:
    if match[1] is None:
        return "%25"
    code = int(match[1], 16)
    return chr(code) if code in _UNRESERVED else match[0].upper()


def _path(path: str) -> str:
    """A path without its AMP form, index file and trailing slashes."""
    while path:
        if path.startswith("/amp/"):
            path = path[4:]
        shorter = _ENDINGS.sub("", path)
        if "." in shorter:
            shorter = _AMP_HTML.sub("", shorter)
        if shorter == path:
            break
        path = shorter
    return path


def _query(query: str) -> str:
    kept = []
    for pair in query.split("&"):
        pair = _encoded(pair)
        while pair.startswith("amp;"):  # `&amp;` left over from HTML
            pair = pair[4:]
        key, _, value = pair.lower().partition("=")
        if (
            key
            and key not in _TRACKING
            and not key.startswith(_TRACKING_PREFIXES)
            and value not in _TRACKING_VALUES.get(key, ())
        ):
            kept.append(pair)
    return "&".join(sorted(kept))
