"""The command ``imagefinder window``, also the default. It does not import the engine, which is another process."""

import argparse
import importlib.util

from imagefinder.addresses import given_picture
from imagefinder.domain.errors import UsageError
from imagefinder.paths import absolute, default_places, exists, no_such_path
from imagefinder.translation import tr


def open_window(arguments: argparse.Namespace) -> int:
    """Open the window; return the exit status when it is closed.

    Raises:
        UsageError: The window cannot be shown here, or a path to open does not exist.
    """
    cache = default_places(arguments.library).dropped
    paths = tuple(given_picture(path, cache) for path in getattr(arguments, "paths", ()))
    for path in paths:
        if not exists(path):
            raise no_such_path(path)
    if importlib.util.find_spec("PySide6") is None:
        raise _windowless(
            tr("The window needs PySide6, which is not installed: pip install PySide6-Essentials.")
        )
    from imagefinder.ui.app.launch import run
    from imagefinder.ui.app.options import WindowOptions

    try:
        return run(
            WindowOptions(
                library=absolute(arguments.library) if arguments.library else None,
                model=arguments.model,
                device=arguments.device,
                paths=paths,
                screenshot=arguments.screenshot,
                query=arguments.query or "",
                size=arguments.size,
                theme=arguments.theme,
                language=arguments.language,
            )
        )
    except UsageError as error:
        raise _windowless(str(error)) from error


def _windowless(problem: str) -> UsageError:
    commands = tr("The commands work without a window: imagefinder --help")
    return UsageError(tr("{problem} {advice}", "two sentences", problem=problem, advice=commands))
