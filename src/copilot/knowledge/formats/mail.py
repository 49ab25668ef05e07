"""E-mail: its text under its subject; what is attached becomes documents of their own."""

import mimetypes
from collections.abc import Iterator
from email import policy
from email.message import EmailMessage, MIMEPart
from email.parser import BytesParser
from pathlib import Path

from copilot.knowledge.blocks import Block, Content, Part, tidy
from copilot.knowledge.formats import lines, page
from copilot.knowledge.formats.archive import place
from copilot.knowledge.formats.text import decode, encoding_of

FACTS = ("from", "to", "cc", "date")
SEALED = {"application/pgp-encrypted", "application/pkcs7-mime", "application/x-pkcs7-mime"}
READABLE = ("text/plain", "text/html")


def preload(kind: str) -> None:
    """Import the reader of HTML."""
    page.preload("html")


def unpack(path: Path, kind: str, folder: Path) -> Content:
    """Read a mail, and put its attachments into a private folder."""
    data = path.read_bytes()
    if encoding_of(data).startswith("utf-16"):
        data = decode(data).encode()
    mail = BytesParser(EmailMessage, policy=policy.default).parsebytes(data)
    bodies: list[MIMEPart] = []
    attached: list[MIMEPart] = []
    for leaf in _leaves(mail):
        (bodies if _is_text(leaf) else attached).append(leaf)
    subject = _header(mail, "subject")
    facts = "; ".join(f"{name}: {said}" for name in FACTS if (said := _header(mail, name)))
    blocks = [Block(subject, "heading")] if subject else []
    blocks += [Block(facts, "row", row=0)] if facts else []
    for body in bodies:
        blocks += _body(body)
    return Content(tuple(blocks), parts=tuple(_part(part, number, folder) for number, part in enumerate(attached, 1)))


def _leaves(mail: MIMEPart) -> Iterator[MIMEPart]:
    """Yield the parts of a mail that hold something; of several forms of the same text the last, which is the richest."""
    if mail.get_content_type() == "multipart/alternative":
        forms = [list(_leaves(form)) for form in mail.iter_parts()]
        told = [i for i, form in enumerate(forms) if any(_is_text(leaf) and _body(leaf) for leaf in form)]
        for i, form in enumerate(forms):
            yield from (leaf for leaf in form if i in told[-1:] or not _is_text(leaf))
    elif mail.is_multipart() and mail.get_content_maintype() == "multipart":
        for part in mail.iter_parts():
            yield from _leaves(part)
    else:
        yield mail


def _is_text(part: MIMEPart) -> bool:
    return part.get_content_type() in READABLE and part.get_content_disposition() != "attachment" and not part.get_filename()


def _body(part: MIMEPart) -> list[Block]:
    text = _text(part)
    if part.get_content_type() == "text/html":
        return list(page.blocks(text))
    return list(lines.blocks(text))


def _text(part: MIMEPart) -> str:
    data = _payload(part)
    try:
        return data.decode((part.get_content_charset() or "").removesuffix("-i") or "ascii")
    except (UnicodeDecodeError, LookupError):
        return decode(data)


def _payload(part: MIMEPart) -> bytes:
    inner = part.get_payload(0) if part.is_multipart() else part.get_payload(decode=True)
    if isinstance(inner, MIMEPart):
        return inner.as_bytes(policy=policy.compat32)
    return inner if isinstance(inner, bytes) else b""


def _part(part: MIMEPart, number: int, folder: Path) -> Part:
    """Write one attachment to the folder."""
    kind = part.get_content_type()
    extension = ".eml" if kind == "message/rfc822" else mimetypes.guess_extension(kind) or ""
    name = tidy(part.get_filename() or "").replace("/", "_") or f"attachment-{number}{extension}"
    if kind in SEALED:
        return Part(name, problem="encrypted: only whom it was sent to can read it")
    try:
        data = _payload(part)
    except (LookupError, ValueError, TypeError, AttributeError):
        return Part(name, problem="damaged: it cannot be unpacked")
    target = place(folder, number, name if Path(name).suffix else f"{name}{extension}")
    target.write_bytes(data)
    return Part(name, str(target))


def _header(mail: EmailMessage, name: str) -> str:
    """Return a header as people read it; one that breaks the rules as it was written."""
    try:
        return tidy(str(mail.get(name, "")))
    except (ValueError, LookupError, IndexError, AttributeError, TypeError):
        raw = next((value for key, value in mail.raw_items() if key.lower() == name), "")
        return tidy(str(raw))
