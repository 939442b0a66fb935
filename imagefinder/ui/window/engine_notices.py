"""Notices about the engine process, and a dialog once it is not restarted any more."""

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QWidget

from imagefinder.domain.jobs import IndexReport, unmatched_text
from imagefinder.ipc.messages import AddSources, Done, JobChanged, ModelChanged, ModelState
from imagefinder.paths import Places
from imagefinder.translation import tr
from imagefinder.ui.services.engine_client import EngineClient, EngineState, EngineStatus
from imagefinder.ui.widgets.notification_bar import NoticeKind, NotificationBar
from imagefinder.ui.window.crash_dialog import CrashDialog

_ENGINE, _MODEL = "engine", "model"


class EngineNotices(QObject):
    """Notices about the engine process and about the results of the window's own requests."""

    another_library_wanted = Signal()

    def __init__(self, client: EngineClient, bar: NotificationBar, places: Places, window: QWidget) -> None:
        super().__init__(window)
        self._client = client
        self._bar = bar
        self._places = places
        self._window = window
        self._dialog: CrashDialog | None = None
        self._state = client.engine.state
        self._report: IndexReport | None = None
        """Last report for which a notice was shown."""
        client.engine_changed.connect(self._on_engine_changed)
        client.model_changed.connect(self._on_model_changed)
        client.job_changed.connect(self._on_job_changed)
        self._on_engine_changed(client.engine)
        if client.model is not None:
            self._on_model_changed(client.model)

    def send(self, request: AddSources) -> None:
        """Send a request and show a notice with its result."""
        self._client.request(request, self._on_done, self._on_failed)

    def _on_engine_changed(self, status: EngineStatus) -> None:
        before, self._state = self._state, status.state
        if status.state is EngineState.RESTARTING:
            self._bar.say(status.message, NoticeKind.WARNING, key=_ENGINE)
        elif status.state is EngineState.BROKEN and status.report:
            self._show_crash(status)
        elif status.state is EngineState.BROKEN:
            actions = [
                (tr("Try again"), self._client.restart),
                (tr("Choose another library…"), self.another_library_wanted.emit),
            ]
            self._bar.say(status.message, NoticeKind.ERROR, actions=actions, key=_ENGINE, seconds=None)
        elif status.state is EngineState.RUNNING and before is not EngineState.RESTARTING:
            # Not after a restart, which takes less than a second: that notice is left to time out, so it can be read.
            self._bar.withdraw(_ENGINE)

    def _show_crash(self, status: EngineStatus) -> None:
        if self._dialog is None:
            self._dialog = CrashDialog(status, self._window)
            self._dialog.retry_requested.connect(self._client.restart)
            self._dialog.finished.connect(self._forget_dialog)
            self._dialog.open()

    def _forget_dialog(self) -> None:
        if self._dialog is not None:
            self._dialog.deleteLater()
            self._dialog = None
        if self._client.engine.state is EngineState.BROKEN:
            # The dialog was closed, but the engine process is still not running.
            actions = [(tr("Try again"), self._client.restart), (tr("Open log folder"), self.open_logs)]
            self._bar.say(
                self._client.engine.message, NoticeKind.ERROR, actions=actions, key=_ENGINE, seconds=None
            )

    def open_logs(self) -> None:
        """Open the log folder in the file manager."""
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(self._places.logs)))

    def _on_model_changed(self, model: ModelChanged) -> None:
        if model.state is ModelState.FAILED:
            self._bar.say(model.error, NoticeKind.ERROR, key=_MODEL, seconds=None)
        else:
            self._bar.withdraw(_MODEL)

    def _on_job_changed(self, job: JobChanged) -> None:
        report = job.status.report
        if report is not None and report.unmatched_globs and report is not self._report:
            self._report = report
            self._bar.say(unmatched_text(report.unmatched_globs), NoticeKind.WARNING, seconds=None)

    def _on_done(self, done: Done) -> None:
        if done.message:
            self._bar.say(done.message)

    def _on_failed(self, problem: str) -> None:
        self._bar.say(problem, NoticeKind.ERROR, seconds=None)
