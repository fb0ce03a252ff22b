"""What every answer carries so that a browser does nothing with it but what we meant."""

from __future__ import annotations

from aiohttp import web

from hotline.web.clients import CLIENT

#: Scripts and styles only as files of ours: no inline code anywhere, so injected text stays text.
CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # forms and the choice of where to return need the path within this service; others learn nothing
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "DENY",
    "Permissions-Policy": (
        "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), "
        "microphone=(), midi=(), payment=(), usb=()"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # pages and answers hold personal data; static files set their own
    "Cache-Control": "no-store",
}
#: One year, as browsers' preload lists ask; subdomains are not ours to speak for.
STRICT_TRANSPORT = "max-age=31536000"


async def protect(request: web.Request, response: web.StreamResponse) -> None:
    """Signal ``on_response_prepare``: pages, API answers, redirects, errors, static files and streams alike."""
    for name, value in SECURITY_HEADERS.items():
        response.headers.setdefault(name, value)
    client = request.get(CLIENT)
    if client is not None and client.https:
        response.headers["Strict-Transport-Security"] = STRICT_TRANSPORT
    # which library in which version is nobody's business
    response.headers["Server"] = "hotline"
