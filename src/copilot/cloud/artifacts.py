"""Files on their way into a bucket, kept by the hash of their content."""

import os
import shutil
from hashlib import file_digest
from pathlib import Path


class Artifacts:
    """A folder of files named by their SHA-256.

    Args:
        folder: Made when the first file comes in.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def add(self, path: Path) -> str:
        """Take in a file, and return the hash it is known by from now on."""
        with path.open("rb") as file:
            digest = file_digest(file, "sha256").hexdigest()
        kept = self.folder / digest
        if not kept.exists():
            self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            part = kept.with_suffix(f".{os.getpid()}")
            try:
                part.hardlink_to(path)
            except OSError:  # another file system
                shutil.copyfile(path, part)
            part.replace(kept)
        return digest

    def path(self, digest: str) -> Path:
        return self.folder / digest

    def keep_only(self, digests: set[str]) -> None:
        """Delete every file that is not among `digests`."""
        for path in self.folder.glob("*"):
            if path.name not in digests:
                path.unlink(missing_ok=True)
