"""Real nginx: the rows that are its own, the add-in's pages, and two places where it only holds the certificate."""

from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.real.mistakes import Mistake
from tests.real.names import OPAQUE, PAGES, crm_host, gateway_host, host_of
from tests.real.place import IS_ROOT, WORKERS, Place
from tests.real.processes import LOOPBACK, accepts, running
from tests.system import path_of

MAIN: Final = """\
daemon off;
{user}
worker_processes 2;
pid {folder}/nginx.pid;
error_log {folder}/nginx-error.log;
events {{ }}
http {{
    client_body_temp_path {folder}/nginx-client;
    proxy_temp_path {folder}/nginx-proxy;
    fastcgi_temp_path {folder}/nginx-fastcgi;
    uwsgi_temp_path {folder}/nginx-uwsgi;
    scgi_temp_path {folder}/nginx-scgi;
    log_format requests "$http_host\\t$request\\t$http_origin\\t$status";
    access_log {log} requests;
    ssl_certificate {chain};
    ssl_certificate_key {key};
{sites}
}}
"""

ROW: Final = """
server {{
    listen {loopback}:{plain};
    listen {loopback}:{tls} ssl;
    server_name {crm_host} {gateway_host};
    root {crm};
    rewrite ^/restapi/v1/vtews/(.*)$ /restapi/v1/index.php/vtews/$1 last;
    {configuration}
}}
"""

PAGE: Final = """
server {{
    listen {loopback}:{tls} ssl;
    server_name {name};
    {sandbox}
    default_type text/html;
    return 200 '<!doctype html><html lang=en><meta charset=utf-8><title>page</title><link rel=icon href="data:,">';
}}
"""

TERMINATOR: Final = """
server {{
    listen {loopback}:{tls} ssl;
    server_name {name};
    client_max_body_size 0;
    location / {{
        proxy_pass http://{loopback}:{port};
        proxy_set_header Host $host;
    }}
}}
"""

PHP: Final = """\
include /etc/nginx/fastcgi_params;
fastcgi_split_path_info ^(.+?\\.php)(/.*)$;
fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
fastcgi_param PATH_INFO $fastcgi_path_info;
fastcgi_pass unix:{socket};
"""


@contextmanager
def nginx(
    place: Place,
    ports: tuple[int, int],
    log: Path,
    rows: Iterable[Mistake],
    terminated: Mapping[str, int],
) -> Generator[None]:
    """Run it on two ports, plain and TLS; names in `terminated` it passes on to a port: plain HTTP, `Host`, no more."""
    plain, tls = ports
    php = place.write("nginx-php.conf", PHP.format(socket=place.fpm_socket))
    nobody = f"http://{LOOPBACK}:{place.ports.take()}"
    sites = [
        ROW.format(
            loopback=LOOPBACK,
            plain=plain,
            tls=tls,
            crm_host=crm_host(row.number),
            gateway_host=gateway_host(row.number),
            crm=place.crm,
            configuration=row.configuration.replace("@PHP@", str(php)).replace("@NOBODY@", nobody),
        )
        for row in rows
    ]
    for origin in PAGES:
        sandbox = 'add_header Content-Security-Policy "sandbox allow-scripts allow-forms";' if origin == OPAQUE else ""
        sites.append(PAGE.format(loopback=LOOPBACK, tls=tls, name=host_of(origin), sandbox=sandbox))
    for name, port in terminated.items():
        sites.append(TERMINATOR.format(loopback=LOOPBACK, tls=tls, name=name, port=port))
    file = place.write(
        "nginx.conf",
        MAIN.format(
            folder=place.folder,
            user=f"user {WORKERS};" if IS_ROOT else "",
            log=log,
            chain=place.chain,
            key=place.key,
            sites="".join(sites),
        ),
    )
    command = (path_of("nginx-light"), "-p", place.folder, "-e", place.folder / "nginx-error.log", "-c", file)
    with running(command, place.folder / "nginx.log", lambda: accepts(plain) and accepts(tls)):
        yield
