"""Settings page for network access, mirror and proxy."""

from PySide6.QtWidgets import QCheckBox, QWidget

from imagefinder.translation import tr
from imagefinder.ui.services.settings_store import SettingsStore
from imagefinder.ui.settings.address_field import AddressField
from imagefinder.ui.settings.hub_address import mirror_problem, proxy_problem
from imagefinder.ui.settings.settings_page import SettingsPage

_HUB = "https://huggingface.co"


class NetworkPage(SettingsPage):
    """Page for the two features that use the network: fetching dropped links and downloading models."""

    def __init__(self, settings_store: SettingsStore, parent: QWidget | None = None) -> None:
        super().__init__(tr("Network"), parent)
        now = settings_store.value
        self.heading(tr("Network"))
        self.hint(
            tr(
                "Your pictures, searches and index never leave this computer. The network is used for two "
                "things only: to download a picture when you drop a link from a web browser, and to download a "
                "model when you ask for it."
            )
        )
        fetch = QCheckBox(tr("Download pictures from dropped links"), self)
        fetch.setChecked(now.fetch_dropped_links)
        local = QCheckBox(tr("Include links to this computer and the local network"), self)
        local.setChecked(now.fetch_local_addresses)
        local.setEnabled(now.fetch_dropped_links)
        fetch.toggled.connect(lambda on: settings_store.change(fetch_dropped_links=on))
        fetch.toggled.connect(local.setEnabled)
        local.toggled.connect(lambda on: settings_store.change(fetch_local_addresses=on))
        self.wide(fetch)
        self.wide(local)
        self.hint(
            tr(
                "Leave this off unless you drop pictures from a home server: a web page could make a dropped "
                "link point to devices on your network."
            )
        )

        self.heading(tr("Model downloads"))
        self.hint(
            tr("Models are downloaded from huggingface.co. If you can't reach it, enter a mirror or a proxy.")
        )
        self._mirror = AddressField(tr("Mirror"), now.hub_mirror, _HUB, mirror_problem, self)
        self._mirror.kept.connect(lambda address: settings_store.change(hub_mirror=address))
        self.field(tr("Mirror:"), self._mirror)
        self._proxy = AddressField(tr("Proxy"), now.proxy, tr("System default", "proxy"), proxy_problem, self)
        self._proxy.kept.connect(lambda address: settings_store.change(proxy=address))
        self.field(tr("Proxy:"), self._proxy)

    def keep(self) -> None:
        """Save both addresses, because a field that has the focus has not emitted ``editingFinished`` yet."""
        self._mirror.keep()
        self._proxy.keep()
