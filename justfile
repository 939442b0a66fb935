# The daily commands of this project: `.venv/bin/just` lists them. `.ci/run` and the workflows use the same ones.

set windows-shell := ["powershell.exe", "-NoLogo", "-Command"]

# Where the programs of the environment are; another environment: just bin=.venv-test/bin check
bin := if os_family() == "windows" { ".venv/Scripts" } else { ".venv/bin" }

# List the commands.
default:
    @just --list --unsorted

# Install the project with everything that development needs into the environment.
setup:
    {{ bin }}/python -m pip install -e ".[dev,docs]"

# Format the code.
format:
    -{{ bin }}/ruff check --fix --quiet .
    {{ bin }}/ruff format .

# Run all checkers: style, types, import contracts, spelling, translations.
check:
    {{ bin }}/ruff check .
    {{ bin }}/ruff format --check .
    {{ bin }}/mypy
    {{ bin }}/lint-imports
    {{ bin }}/codespell
    {{ bin }}/python packaging/translations.py check

# Run the tests, or some of them: just test tests/unit/store -n 0
test *arguments:
    {{ bin }}/python -m pytest {{ arguments }}

# Run the long tests, which `just test` leaves out.
test-slow:
    {{ bin }}/python -m pytest -m slow

# Bring the translation catalogues up to date with the source.
translations:
    {{ bin }}/python packaging/translations.py update

# Build the documentation into site/; a warning is an error.
docs:
    {{ bin }}/mkdocs build --strict

# Serve the documentation at http://127.0.0.1:8000 and rebuild it on every change.
docs-serve:
    {{ bin }}/mkdocs serve

# Make the pictures of the README and the documentation anew.
screenshots:
    {{ bin }}/python packaging/make_screenshots.py

# Build the frozen program into dist/ and use it as a user would.
bundle:
    {{ bin }}/python -m pip install ".[package]"
    {{ bin }}/python packaging/build.py
    {{ bin }}/python packaging/smoke_test.py

# Measure speed beside rclip, in turns on this machine; takes up to an hour.
benchmark:
    {{ bin }}/python benchmarks/side_by_side.py
