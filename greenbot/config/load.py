"""From files, environment and flags to `Settings`. Every command starts here, so it imports little."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from greenbot.config.build import build_settings, build_sources
from greenbot.config.files import Document, parse_document, read_document
from greenbot.config.layers import UNNAMED, from_document, from_environment, from_overrides
from greenbot.config.paths import SYSTEM_FILE, Paths, find_paths
from greenbot.config.resolve import Resolved, unnamed_instance
from greenbot.config.settings import Settings
from greenbot.errors import ConfigError

_NOTHING: Mapping[str, str] = {}


def load(
    environ: Mapping[str, str],
    *,
    cwd: Path,
    overrides: Mapping[str, str] = _NOTHING,
    system_file: Path = SYSTEM_FILE,
) -> Settings:
    """The settings of this run: flag > environment > project file > user file > system file > default.

    `overrides` holds flags by full key (`api.timeout_seconds`, `instances.grand-kyiv.api_url`).
    Raises `ConfigError` for the first thing that is wrong, naming file, line and key;
    `UnsafePermissions` for a file others can write; `UsageError` for a bad flag. No secret is read.
    """
    paths = find_paths(environ, cwd=cwd, system_file=system_file)
    settings, found = _settings(_documents(paths), paths, environ, overrides)
    if settings is None:
        raise found[0]
    return settings


def find_problems(environ: Mapping[str, str], *, cwd: Path, system_file: Path = SYSTEM_FILE) -> tuple[ConfigError, ...]:
    """Everything that is wrong with the configuration, for `config validate`; empty when it is fine.

    A file that cannot be read at all hides what is behind it: that one error is then all there is.
    """
    try:
        paths = find_paths(environ, cwd=cwd, system_file=system_file)
        documents = _documents(paths)
    except ConfigError as error:
        return (error,)
    return tuple(_settings(documents, paths, environ, _NOTHING)[1])


def problems_of(content: bytes, paths: Paths) -> tuple[ConfigError, ...]:
    """What would be wrong if the user's file had this content: judged with the system file, without environment."""
    try:
        documents = [parse_document("user file", paths.config_file, content)]
        system = read_document("system file", paths.system_file)
    except ConfigError as error:
        return (error,)
    if system:
        documents.append(system)
    return tuple(_settings(documents, paths, _NOTHING, _NOTHING)[1])


def _documents(paths: Paths) -> list[Document]:
    project = read_document("project file", paths.project_file) if paths.project_file else None
    found = (
        project,
        read_document("user file", paths.config_file, required=paths.config_required),
        read_document("system file", paths.system_file),
    )
    return [document for document in found if document]


def _settings(
    documents: Sequence[Document], paths: Paths, environ: Mapping[str, str], overrides: Mapping[str, str]
) -> tuple[Settings | None, list[ConfigError]]:
    files = [from_document(document) for document in documents]
    unnamed = unnamed_instance(environ, files, UNNAMED)
    said = [from_overrides(overrides), from_environment(environ, unnamed=unnamed)]
    resolved = Resolved([*said, *files])
    sources = build_sources(resolved, paths, environ)
    if resolved.problems:
        return None, resolved.problems
    read = tuple(document.path for document in documents)
    return build_settings(resolved, paths, sources, read), []
