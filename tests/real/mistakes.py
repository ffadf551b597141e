"""The configuration mistakes seen in front of this CRM, each as a real configuration, and what Chromium makes of it.

Five calls of an add-in's page judge each. The expected cells were measured on the CRM itself; the numbers are those of
the captures, so that a row here, in the report and in a log are the same row.

Words between `@` stand for what differs between machines: `@CRM@` the CRM's folder, `@INNER@` the address of a CRM
that nothing was changed on, `@NOBODY@` an address nobody listens on, `@PHP@` how nginx reaches PHP, `@USERS@` a file
of passwords.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

from tests.real.names import ADDIN


class Call(Enum):
    """What the add-in's page asks, by the letters of the measured table."""

    A = "classic API, GET"
    C = "REST API, POST of JSON with `Authorization`: preflighted"
    D = "the same with `credentials: include`"
    F = "Touch API, login form: not preflighted"
    G = "Touch API, POST with `Touch-Session-Id` and `credentials: include`: preflighted"


class Blocked(Enum):
    """Why Chromium keeps a response from the page: our words for those of its console."""

    NO_ORIGIN = "no Allow-Origin"
    SEVERAL_ORIGINS = "several Allow-Origin"
    OTHER_ORIGIN = "another Allow-Origin"
    STAR = "`*` with credentials"
    CREDENTIALS = "Allow-Credentials not `true`"
    STATUS = "preflight not 2xx"
    REDIRECT = "preflight redirected"
    HEADER = "header not allowed"
    METHOD = "method not allowed"
    UNREACHABLE = "no connection"


Cell = int | Blocked
"""The status that the page read, or why it read nothing."""


class Server(Enum):
    """Which real server a configuration is for."""

    MODULE = "Apache, mod_php"
    FPM = "Apache, PHP-FPM"
    NGINX = "nginx"


@dataclass(frozen=True, slots=True)
class Mistake:
    """One wrong configuration, and what it does to the calls of a page that speaks to the CRM directly."""

    number: str
    name: str
    server: Server
    configuration: str
    directly: Mapping[Call, Cell]
    terminated: bool = False
    """Whether something in front of the server holds the certificate, and passes plain HTTP and `Host` on."""
    redirected: bool = False
    """Whether the CRM sends the add-in's calls to another origin, which the gateway does not let happen silently."""


def _cells(a: Cell, c: Cell, d: Cell, f: Cell, g: Cell) -> Mapping[Call, Cell]:
    return dict(zip(Call, (a, c, d, f, g), strict=True))


_READ = 200
_NONE = Blocked.NO_ORIGIN
_MANY = Blocked.SEVERAL_ORIGINS

UNTOUCHED: Final = "18010"
"""The number of the CRM that nothing was changed on."""

SILENT: Final = "18027"
"""The number of the CRM that shows no errors."""

SMALL_BODIES: Final = "18040"
"""The number of an nginx that passes requests on to PHP: no body over 1 MB, unless it is told otherwise."""

MISTAKES: Final = (
    Mistake(
        UNTOUCHED,
        "none: the CRM as it is",
        Server.MODULE,
        "",
        _cells(_NONE, _READ, Blocked.STAR, _READ, _READ),
    ),
    Mistake(
        "18014",
        "none: the CRM as it is, under PHP-FPM without `CGIPassAuth`",
        Server.FPM,
        "",
        _cells(_NONE, 401, Blocked.STAR, _READ, _READ),
    ),
    Mistake(
        "18020",
        "`Header set`",
        Server.MODULE,
        f"""
Header set Access-Control-Allow-Origin "{ADDIN}"
Header set Access-Control-Allow-Credentials "true"
Header set Access-Control-Allow-Methods "GET, POST, OPTIONS"
Header set Access-Control-Allow-Headers "Authorization, Content-Type"
""",
        _cells(_READ, _READ, _READ, _READ, Blocked.HEADER),
    ),
    Mistake(
        "18021",
        "`Header always set`",
        Server.MODULE,
        f"""
Header always set Access-Control-Allow-Origin "{ADDIN}"
Header always set Access-Control-Allow-Credentials "true"
Header always set Access-Control-Allow-Methods "GET, POST, OPTIONS"
Header always set Access-Control-Allow-Headers "Authorization, Content-Type"
""",
        _cells(_READ, _MANY, _MANY, _MANY, _MANY),
    ),
    Mistake(
        "18022",
        "`Header add` and `Header always add`",
        Server.MODULE,
        """
Header add Access-Control-Allow-Origin "*"
Header always add Access-Control-Allow-Origin "*"
Header add Access-Control-Allow-Headers "Authorization, Content-Type"
Header always add Access-Control-Allow-Headers "Authorization, Content-Type"
""",
        _cells(_MANY, _MANY, _MANY, _MANY, _MANY),
    ),
    Mistake(
        "18023",
        "`always set` of `*`, with credentials, and `*` for the headers",
        Server.MODULE,
        """
Header always set Access-Control-Allow-Origin "*"
Header always set Access-Control-Allow-Credentials "true"
Header always set Access-Control-Allow-Methods "*"
Header always set Access-Control-Allow-Headers "*"
""",
        _cells(_READ, _MANY, _MANY, _MANY, _MANY),
    ),
    Mistake(
        "18024",
        "Basic authentication on the whole host",
        Server.MODULE,
        """
<Location "/">
    AuthType Basic
    AuthName "Staff only"
    AuthUserFile "@USERS@"
    Require valid-user
</Location>
""",
        _cells(_NONE, _NONE, _NONE, _NONE, _NONE),
    ),
    Mistake(
        "18025",
        "forced https behind a proxy that does not say `X-Forwarded-Proto`",
        Server.MODULE,
        """
RewriteEngine On
RewriteCond %{HTTPS} !=on
RewriteCond %{HTTP:X-Forwarded-Proto} !=https
RewriteRule ^ https://%{HTTP_HOST}%{REQUEST_URI} [R=302,L]
""",
        _cells(_NONE, Blocked.REDIRECT, Blocked.REDIRECT, _NONE, Blocked.REDIRECT),
        terminated=True,
    ),
    Mistake(
        "18025-sso",
        "single sign-on on the whole host",
        Server.MODULE,
        """
RewriteEngine On
RewriteRule ^ https://sso.customer.example/login [R=302,L]
""",
        _cells(_NONE, Blocked.REDIRECT, Blocked.REDIRECT, _NONE, Blocked.REDIRECT),
        redirected=True,
    ),
    Mistake(
        "18026",
        "`AllowMethods` without OPTIONS",
        Server.MODULE,
        """
<Location "/">
    AllowMethods GET POST
</Location>
""",
        _cells(_NONE, _NONE, _NONE, _READ, _NONE),
    ),
    Mistake(
        "18036",
        "`LimitExcept` without OPTIONS",
        Server.MODULE,
        """
<Location "/">
    <LimitExcept GET POST>
        Require all denied
    </LimitExcept>
</Location>
""",
        _cells(_NONE, _NONE, _NONE, _READ, _NONE),
    ),
    Mistake(
        SILENT,
        "`display_errors` off",
        Server.MODULE,
        """
php_admin_flag display_errors off
""",
        _cells(_NONE, _READ, Blocked.STAR, _READ, _READ),
    ),
    Mistake(
        "18028",
        "a list of origins",
        Server.MODULE,
        f"""
Header always set Access-Control-Allow-Origin "{ADDIN}, https://outlook.office.com"
Header always set Access-Control-Allow-Credentials "true"
Header always set Access-Control-Allow-Methods "GET, POST, OPTIONS"
Header always set Access-Control-Allow-Headers "Authorization, Content-Type, Touch-Session-Id"
""",
        _cells(_MANY, _MANY, _MANY, _MANY, _MANY),
    ),
    Mistake(
        "18029",
        "`Header append`",
        Server.MODULE,
        f"""
Header append Access-Control-Allow-Origin "{ADDIN}"
Header append Access-Control-Allow-Credentials "true"
Header append Access-Control-Allow-Methods "GET, POST, OPTIONS"
Header append Access-Control-Allow-Headers "Authorization, Content-Type, Touch-Session-Id"
""",
        _cells(_READ, _MANY, _MANY, _MANY, _MANY),
    ),
    Mistake(
        "18030",
        "no `AllowOverride`: the REST API's `.htaccess` is not read",
        Server.MODULE,
        """
<Directory "@CRM@">
    AllowOverride None
</Directory>
""",
        _cells(_NONE, _NONE, _NONE, _READ, _READ),
    ),
    Mistake(
        "18031",
        "OPTIONS answered 200 by `RewriteRule`, and `*` for all",
        Server.MODULE,
        """
RewriteEngine On
RewriteCond %{REQUEST_METHOD} OPTIONS
RewriteRule ^(.*)$ $1 [R=200,L]
Header always set Access-Control-Allow-Origin "*"
Header always set Access-Control-Allow-Methods "GET, POST, OPTIONS"
Header always set Access-Control-Allow-Headers "Authorization, Content-Type, Touch-Session-Id"
""",
        _cells(_READ, _MANY, Blocked.STAR, _MANY, Blocked.STAR),
    ),
    Mistake(
        "18032",
        "Apache in front as a proxy, `Header always set` there",
        Server.MODULE,
        f"""
ProxyPass "/" "@INNER@"
Header always set Access-Control-Allow-Origin "{ADDIN}"
Header always set Access-Control-Allow-Credentials "true"
Header always set Access-Control-Allow-Methods "GET, POST, OPTIONS"
Header always set Access-Control-Allow-Headers "Authorization, Content-Type, Touch-Session-Id"
""",
        _cells(_READ, _MANY, _MANY, _MANY, _MANY),
    ),
    Mistake(
        "18033",
        "any origin echoed, without `Vary`",
        Server.MODULE,
        """
SetEnvIf Origin "(.+)" ORIGIN=$1
Header always set Access-Control-Allow-Origin "%{ORIGIN}e" env=ORIGIN
Header always set Access-Control-Allow-Credentials "true"
Header always set Access-Control-Allow-Methods "GET, POST, OPTIONS"
Header always set Access-Control-Allow-Headers "Authorization, Content-Type, Touch-Session-Id"
""",
        _cells(_READ, _MANY, _MANY, _MANY, _MANY),
    ),
    Mistake(
        "18034",
        "a slash behind the origin, `True` with a capital",
        Server.MODULE,
        f"""
Header set Access-Control-Allow-Origin "{ADDIN}/"
Header set Access-Control-Allow-Credentials "True"
Header set Access-Control-Allow-Methods "GET, POST, OPTIONS"
Header set Access-Control-Allow-Headers "Authorization, Content-Type, Touch-Session-Id"
""",
        _cells(*[Blocked.OTHER_ORIGIN] * 5),
    ),
    Mistake(
        "18035",
        "PHP-FPM: `always set` for the origin, `set` for credentials",
        Server.FPM,
        f"""
Header always set Access-Control-Allow-Origin "{ADDIN}"
Header set Access-Control-Allow-Credentials "true"
""",
        _cells(_READ, 401, Blocked.CREDENTIALS, _READ, Blocked.CREDENTIALS),
    ),
    Mistake(
        SMALL_BODIES,
        "nginx: `add_header … always`",
        Server.NGINX,
        f"""
location ~ \\.php(/|$) {{
    include "@PHP@";
    add_header Access-Control-Allow-Origin "{ADDIN}" always;
    add_header Access-Control-Allow-Credentials "true" always;
    add_header Access-Control-Allow-Methods "GET, POST, OPTIONS" always;
    add_header Access-Control-Allow-Headers "Authorization, Content-Type, Touch-Session-Id" always;
}}
""",
        _cells(_READ, _MANY, _MANY, _MANY, _MANY),
    ),
    Mistake(
        "18041",
        "nginx: `if` OPTIONS, `return 204`, and `add_header` without `always`",
        Server.NGINX,
        f"""
location ~ \\.php(/|$) {{
    if ($request_method = OPTIONS) {{
        add_header Access-Control-Allow-Origin "{ADDIN}";
        add_header Access-Control-Allow-Methods "GET, POST, OPTIONS";
        add_header Access-Control-Allow-Headers "Content-Type";
        return 204;
    }}
    include "@PHP@";
    fastcgi_hide_header Access-Control-Allow-Origin;
    add_header Access-Control-Allow-Origin "{ADDIN}";
}}
""",
        _cells(_READ, Blocked.HEADER, Blocked.CREDENTIALS, _READ, Blocked.CREDENTIALS),
    ),
    Mistake(
        "18043",
        "nginx in front of a CRM that is down",
        Server.NGINX,
        """
location / {
    proxy_pass "@NOBODY@";
}
""",
        _cells(_NONE, _NONE, _NONE, _NONE, _NONE),
    ),
)
