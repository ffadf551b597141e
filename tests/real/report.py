"""The table as a page of the documentation: what was observed, and nothing that differs from run to run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tests.real.chromium import Outcome, Readable, Unreadable
from tests.real.judge import as_a_page_reads, is_a_problem, of_the_crm, problem, stayed_unread
from tests.real.mistakes import MISTAKES, Call, Mistake, Server
from tests.real.names import ADDIN
from tests.real.raw import RawAnswer
from tests.real.table import Observed

FILE: Final = Path(__file__).parents[2] / "docs" / "real-input.md"

HEAD: Final = f"""\
# Real input

What real Chromium makes of real servers that are configured wrong, and of the same servers behind the gateway. This
page is written by the test that checks it: `.venv/bin/python -m tests.real --write` writes it anew, `make test`
compares.

The servers are Debian's Apache, with PHP as a module and as PHP-FPM, and Debian's nginx. Their PHP scripts answer as
the CRM does. Each row is a configuration mistake seen in front of that CRM; the configurations are further down.
Chromium's page at `{ADDIN}` makes five calls:

| | |
|---|---|
{{calls}}

It makes them twice: directly to the server, and to the gateway in front of it, which is told no more than this, and of
servers with PHP-FPM, to which it speaks with TLS, whose certificates to trust:

```yaml
sites:
  - names: [crm.customer.example]
    upstream: http://127.0.0.1:8080
    preset: vtenext
    paths: [/restapi/, /webservice.php, /modules/Touch/]
    origins: [{ADDIN}]
```

## What the page could read

Each cell says it of the call directly → through the gateway. A number is the status that the page read. Words are why
it read nothing, as Chromium's console says at more length; the page itself hears only "Failed to fetch". Through the
gateway a number says more: status, body and exposed header fields were equal to what a client that is no browser got
from the server itself for the same request. A status with a reason is the gateway's own answer. A gateway cures no
login that PHP-FPM never hears of (18014, 18035), no password asked of all (18024), no file that is not found (18030),
no CRM that is down (18043): but the page now reads which it is.

"Unread" counts calls that the policy does not allow, each made without and with credentials: the five calls from
another origin and from `Origin: null`, and from the add-in's page a method, a header field and a path outside the
policy. Of the path the page read the gateway's 404 `path-not-served`, of the others nothing. None of these calls
reached the server, and no preflight did.

"""

CONFIGURATIONS: Final = """
## The configurations

Each stands in the server's site for the CRM.
"""

SAMPLES: Final = {
    "@CRM@": "/var/www/vtenext",
    "@USERS@": "/etc/apache2/users",
    "@INNER@": "http://127.0.0.1:8081/",
    "@NOBODY@": "http://127.0.0.1:8081",
    "@PHP@": "php-fpm.conf",
}
"""What stands in the page for what differs between machines."""


def markdown(observed: Mapping[str, Observed]) -> str:
    """Return the page."""
    calls = "\n".join(f"| {call.name} | {call.value} |" for call in Call)
    return HEAD.format(calls=calls) + table(observed) + CONFIGURATIONS + "".join(map(_configuration, MISTAKES))


def table(observed: Mapping[str, Observed]) -> str:
    """Return the table alone."""
    lines = [
        f"| | mistake | server | {' | '.join(call.name for call in Call)} | unread |",
        f"|---|---|---|{'---|' * len(Call)}---|",
        *(_row(row, observed[row.number]) for row in MISTAKES),
    ]
    return "\n".join(lines) + "\n"


def _row(row: Mistake, seen: Observed) -> str:
    cells = [f"{_directly(seen.directly[call])} → {_through(seen.through[call], seen.raw[call])}" for call in Call]
    unread = [each for refusal, outcomes in seen.refused.items() for each in stayed_unread(refusal, outcomes)]
    return f"| {row.number} | {row.name} | {row.server.value} | {' | '.join(cells)} | {sum(unread)} of {len(unread)} |"


def _directly(outcome: Outcome) -> str:
    if isinstance(outcome, Readable):
        return str(outcome.status)
    return outcome.console if outcome.why is None else outcome.why.value


def _through(outcome: Outcome, raw: RawAnswer) -> str:
    if isinstance(outcome, Unreadable):
        return f"**{_directly(outcome)}**"
    if of_the_crm(outcome) == as_a_page_reads(raw):
        return str(outcome.status)
    if not is_a_problem(outcome):
        return f"**{outcome.status}, not what the server said**"
    status, reason = problem(outcome)
    return f"{status} `{reason}`"


def _configuration(row: Mistake) -> str:
    configuration = row.configuration.strip()
    for word, sample in SAMPLES.items():
        configuration = configuration.replace(word, sample)
    language = "nginx" if row.server is Server.NGINX else "apache"
    block = f"```{language}\n{configuration}\n```\n" if configuration else "Nothing.\n"
    return f"\n### {row.number}: {row.name}\n\n{row.server.value}.\n\n{block}"
