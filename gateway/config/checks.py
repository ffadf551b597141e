"""What no value shows by itself: rules that contradict each other, sites that overlap, what is unwise.

One function a subject. Where one needs a value that could not be read it ends there: that mistake has been told.
"""

from contextlib import suppress

from gateway.config.keys import GatewaySettings, RuleSettings, SiteSettings
from gateway.config.notes import Notes, Unread


def check(settings: GatewaySettings, notes: Notes, *, whole: bool, any_host: bool) -> None:
    """Note everything wrong or unwise in `settings`; `whole`: nothing of them could not be read."""
    with suppress(Unread):
        sites = settings.sites
        if whole and not sites:
            notes.mistake(
                settings.node.place, "sites", "is missing: write sites: and below it, - names: [crm.customer.example]"
            )
