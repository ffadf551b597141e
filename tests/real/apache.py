"""Real Apache, with PHP in it or behind it, one site for each row."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.real.mistakes import Mistake, Server
from tests.real.names import crm_host, gateway_host
from tests.real.place import IS_ROOT, WORKERS, Place
from tests.real.processes import LOOPBACK, accepts, running
from tests.system import path_of

MODULES: Final = (
    *("mpm_prefork", "authz_core", "authn_core", "authn_file", "authz_host", "authz_user", "auth_basic"),
    *("alias", "allowmethods", "deflate", "dir", "env", "filter", "headers", "mime", "proxy", "proxy_fcgi"),
    *("proxy_http", "rewrite", "setenvif", "ssl"),
)

MAIN: Final = """\
ServerName localhost
DefaultRuntimeDir "{folder}"
PidFile "{folder}/{name}.pid"
ErrorLog "{folder}/{name}-error.log"
{user}
{modules}
Listen {loopback}:{plain}
Listen {loopback}:{tls}
StartServers 4
MaxRequestWorkers 24
SSLSessionCache none
TypesConfig /etc/mime.types
DirectoryIndex index.php index.html
AddOutputFilterByType DEFLATE text/html text/plain text/xml text/css application/javascript application/xml
{php}
LogFormat "%{{Host}}i\\t%r\\t%{{Origin}}i\\t%>s" requests
CustomLog "{log}" requests
<Directory "/">
    AllowOverride None
    Require all denied
</Directory>
<Directory "{crm}">
    AllowOverride All
    Require all granted
</Directory>
"""

SITE: Final = """
<VirtualHost {loopback}:{port}>
ServerName {crm_host}
ServerAlias {gateway_host}
DocumentRoot "{crm}"
{tls}
{configuration}
</VirtualHost>
"""

PHP_AS_MODULE: Final = """\
PHPIniDir "{folder}"
<FilesMatch "\\.php$">
    SetHandler application/x-httpd-php
</FilesMatch>"""

PHP_AS_FPM: Final = """\
<FilesMatch "\\.php$">
    SetHandler "proxy:unix:{socket}|fcgi://localhost"
</FilesMatch>"""


@contextmanager
def apache(place: Place, server: Server, ports: tuple[int, int], log: Path, rows: Iterable[Mistake]) -> Generator[None]:
    """Run it on two ports, plain and TLS; requests for names it does not know go to the first of `rows`."""
    name = f"apache-{server.name.lower()}"
    plain, tls = ports
    modules = {f"{module}_module": _folder() / f"mod_{module}.so" for module in MODULES}
    if server is Server.MODULE:
        modules["php_module"] = path_of("libapache2-mod-php")
    main = MAIN.format(
        folder=place.folder,
        name=name,
        user=f"User {WORKERS}\nGroup {WORKERS}" if IS_ROOT else "",
        modules="\n".join(f"LoadModule {module} {file}" for module, file in modules.items()),
        loopback=LOOPBACK,
        plain=plain,
        tls=tls,
        php=(PHP_AS_MODULE if server is Server.MODULE else PHP_AS_FPM).format(
            folder=place.folder, socket=place.fpm_socket
        ),
        log=log,
        crm=place.crm,
    )
    certificate = f'SSLEngine on\nSSLCertificateFile "{place.chain}"\nSSLCertificateKeyFile "{place.key}"'
    sites = "".join(
        SITE.format(
            loopback=LOOPBACK,
            port=port,
            crm_host=crm_host(row.number),
            gateway_host=gateway_host(row.number),
            crm=place.crm,
            tls=certificate if port == tls else "",
            configuration=_filled(row.configuration, place, plain),
        )
        for row in rows
        for port in ports
    )
    file = place.write(f"{name}.conf", main + sites)
    command = (path_of("apache2"), "-f", file, "-DFOREGROUND")
    # Without Debian's own php.ini files: what is true here is said in ours.
    environment = {"PHP_INI_SCAN_DIR": ""}
    with running(command, place.folder / f"{name}.log", lambda: accepts(plain) and accepts(tls), environment):
        yield


def _folder() -> Path:
    """Return where Apache's modules are: where PHP's is, on this machine or on one where only PHP-FPM is installed."""
    return Path("/usr/lib/apache2/modules")


def _filled(configuration: str, place: Place, plain: int) -> str:
    values = {"@CRM@": place.crm, "@USERS@": place.users, "@INNER@": f"http://{LOOPBACK}:{plain}/"}
    for word, value in values.items():
        configuration = configuration.replace(word, str(value))
    return configuration
