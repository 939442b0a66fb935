"""HTTP GET request over its own connection, to an address that has been checked.

QNetworkAccessManager is not used, because its thread reads headers for as long as a server sends them, and
meanwhile neither aborts nor serves other requests to that server. Here each request has one socket, which can
be closed at once.
"""

import base64

from PySide6.QtCore import QByteArray, QObject, QUrl, Signal
from PySide6.QtNetwork import (
    QAbstractSocket,
    QNetworkProxy,
    QNetworkProxyFactory,
    QNetworkProxyQuery,
    QSslSocket,
)

from imagefinder.translation import tr
from imagefinder.ui.dragdrop.http_response import HttpError, HttpResponse

_READ_AT_ONCE = 1_000_000
_PORTS = {"http": 80, "https": 443}
_CODING = QUrl.ComponentFormattingOption.FullyEncoded


class HttpGet(QObject):
    """One request, sent on creation. No signal is emitted after ``ended``."""

    received = Signal(bytes)
    """Emitted with a part of the body, possibly empty. ``response`` has the status and headers by then."""
    ended = Signal(str)
    """Emitted at the end: with an empty text if the response is complete, else with an error message."""

    def __init__(self, url: QUrl, address: str, parent: QObject) -> None:
        """Request ``url`` from ``address``, the IP address of its host."""
        super().__init__(parent)
        self.response = HttpResponse()
        self._url = url
        self._address = address
        self._is_over = False
        self._asks_proxy = False
        self._credentials = b""
        self._socket = QSslSocket(self)
        self._socket.setReadBufferSize(_READ_AT_ONCE)
        self._socket.readyRead.connect(self._read)
        self._socket.disconnected.connect(self._closed)
        self._socket.errorOccurred.connect(self._failed)
        self._connect()

    def abort(self) -> None:
        """Close the connection. No signal is emitted afterwards."""
        self._is_over = True
        self._socket.abort()

    def _connect(self) -> None:
        scheme = self._url.scheme().lower()
        port = self._url.port(_PORTS[scheme])
        found = QNetworkProxyFactory.proxyForQuery(QNetworkProxyQuery(self._url))
        proxy = found[0] if found else QNetworkProxy(QNetworkProxy.ProxyType.NoProxy)
        speaks_http = proxy.type() in (
            QNetworkProxy.ProxyType.HttpProxy,
            QNetworkProxy.ProxyType.HttpCachingProxy,
        )
        if scheme == "https":
            if speaks_http:  # tunnelled by CONNECT
                proxy.setType(QNetworkProxy.ProxyType.HttpProxy)
            self._socket.setProxy(proxy)
            self._socket.encrypted.connect(self._ask)
            # The host name for checking the certificate and for SNI.
            name = self._url.host(_CODING)
            self._socket.connectToHostEncrypted(
                self._address, port, name, QAbstractSocket.OpenModeFlag.ReadWrite
            )
            return
        self._socket.connected.connect(self._ask)
        if speaks_http:  # the request itself is sent to the proxy
            self._asks_proxy = True
            if proxy.user():
                self._credentials = base64.b64encode(f"{proxy.user()}:{proxy.password()}".encode())
            self._socket.setProxy(QNetworkProxy(QNetworkProxy.ProxyType.NoProxy))
            self._socket.connectToHost(proxy.hostName(), proxy.port())
        else:
            self._socket.setProxy(proxy)
            self._socket.connectToHost(self._address, port)

    def _ask(self) -> None:
        port = f":{self._url.port()}" if self._url.port() != -1 else ""
        target = self._url.path(_CODING) or "/"
        if self._url.hasQuery():
            target += f"?{self._url.query(_CODING)}"
        if self._asks_proxy:
            target = f"http://{_bracketed(self._address)}{port}{target}"
        lines = [
            f"GET {target} HTTP/1.1",
            f"Host: {_bracketed(self._url.host(_CODING))}{port}",
            "Accept: image/*",
            "Accept-Encoding: identity",  # no decompression bombs
            "User-Agent: imagefinder",
            "Connection: close",
        ]
        if self._credentials:
            lines.append(f"Proxy-Authorization: Basic {self._credentials.decode()}")
        self._socket.write(QByteArray(("\r\n".join(lines) + "\r\n\r\n").encode("ascii")))

    def _read(self) -> None:
        if self._is_over:
            return
        try:
            body = self.response.feed(bytes(self._socket.readAll().data()))
        except HttpError:
            self._end(tr("invalid response", "a server's"))
            return
        if self.response.status:
            self.received.emit(body)
        # A receiver of the signal may have aborted the request.
        if self.response.is_over and not self._is_over:
            self._end("")

    def _closed(self) -> None:
        if self._socket.bytesAvailable():
            self._read()
        if self._is_over:
            return
        try:
            self.response.close()
        except HttpError:
            self._end(tr("the connection was interrupted"))
        else:
            self._end("")

    def _failed(self, error: QAbstractSocket.SocketError) -> None:
        # Many responses end by the server closing the connection, which ``disconnected`` handles.
        if not self._is_over and error != QAbstractSocket.SocketError.RemoteHostClosedError:
            self._end(self._socket.errorString())

    def _end(self, problem: str) -> None:
        self.abort()
        self.ended.emit(problem)


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
