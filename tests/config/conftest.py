"""A private home for each test: configuration, secrets and state in a temporary folder."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from greenbot.config.load import find_problems, load
from greenbot.config.paths import Paths, find_paths
from greenbot.config.settings import Settings

GRAND = '[instances.grand-kyiv]\nid = "1101000001"\n'


@dataclass
class Home:
    """A home with the three files a configuration can have."""

    root: Path
    environ: dict[str, str] = field(default_factory=dict)

    @property
    def config(self) -> Path:
        return self.root / "home" / "config.toml"

    @property
    def system(self) -> Path:
        return self.root / "etc" / "config.toml"

    @property
    def project(self) -> Path:
        return self.root / "work" / ".greenbot.toml"

    @property
    def cwd(self) -> Path:
        return self.root / "work" / "deep"

    @property
    def paths(self) -> Paths:
        return find_paths(self.environ, cwd=self.cwd, system_file=self.system)

    def write(self, file: str, text: str | bytes, *, mode: int = 0o600) -> Path:
        path: Path = getattr(self, file)
        path.write_bytes(text.encode() if isinstance(text, str) else text)
        path.chmod(mode)
        return path

    def secret(self, name: str, text: str = "t0ken-of-the-grand\n", *, mode: int = 0o600) -> Path:
        folder = self.root / "home" / "secrets"
        folder.mkdir(mode=0o700, exist_ok=True)
        path = folder / name
        path.write_text(text)
        path.chmod(mode)
        return path

    def load(self, overrides: Mapping[str, str] | None = None, /, **environ: str) -> Settings:
        return load({**self.environ, **environ}, cwd=self.cwd, overrides=overrides or {}, system_file=self.system)

    def problems(self, **environ: str) -> list[str]:
        return [
            str(error) for error in find_problems({**self.environ, **environ}, cwd=self.cwd, system_file=self.system)
        ]


@pytest.fixture
def home(tmp_path: Path) -> Home:
    for name in ("home", "etc", "work/deep"):
        (tmp_path / name).mkdir(mode=0o700, parents=True)
    environ = {"GREENBOT_HOME": str(tmp_path / "home"), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    return Home(tmp_path, environ)
