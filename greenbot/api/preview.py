"""A request as it would be made, for people who want to see it first."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from greenbot.api.endpoint import Endpoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """One request. `url` has its token masked; `params` are those that go into the body or the form."""

    endpoint: Endpoint
    url: str
    params: Mapping[str, object]
    #: What would be uploaded, in words; the file itself is not opened.
    file: str | None = None

    def __str__(self) -> str:
        lines = [f"{self.endpoint.verb} {self.url}"]
        if self.endpoint.body in ("multipart", "raw"):
            lines += [f"{name}: {value}" for name, value in self.params.items()]
            lines += [f"file: {self.file}"] if self.file else []
        elif self.endpoint.body == "json":
            lines += ["Content-Type: application/json", "", json.dumps(self.params, ensure_ascii=False, indent=2)]
        return "\n".join(lines)

    def facts(self) -> dict[str, object]:
        """The same for programs."""
        facts: dict[str, object] = {"dry_run": True, "method": self.endpoint.name, "verb": self.endpoint.verb}
        facts |= {"url": self.url, "params": dict(self.params)}
        return facts | ({"file": self.file} if self.file else {})
