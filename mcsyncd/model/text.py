"""Text from outside: made safe to show, and compared as people read it.

File names, tags and reasons come from cameras and people. An escape character in a name can
rewrite a terminal, a bidi override can make `gpj.exe` read `exe.jpg`, and a lone surrogate
cannot be written at all. They are shown as visible escapes, in the TUI, the CLI and the log.
"""

from __future__ import annotations

import unicodedata

_INVISIBLE_CATEGORIES = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
"""Unicode general categories (UAX #44) of controls, formats, surrogates, private and unassigned characters,
and line separators. Leave one out, and a file name can forge what a terminal shows."""


def escape_text(text: str, limit: int = 200) -> str:
    """Return `text` with every invisible or controlling character as an escape.

    Longer than `limit` characters, it is cut in the middle, because the end of a file name
    (its number and suffix) tells more than the middle.
    """
    shown = "".join(_escape_character(char) for char in unicodedata.normalize("NFC", text))
    if len(shown) <= limit:
        return shown
    head = limit * 2 // 3
    return f"{shown[:head]}…{shown[-(limit - head - 1) :]}"


def normalize_name(name: str) -> str:
    """Return a file's name in the one form by which names are compared.

    Accents are composed (NFC), because Macs and network shares write the same name in either form.
    """
    return unicodedata.normalize("NFC", name)


def list_name_forms(name: str) -> tuple[str, str, str]:
    """Return a file's name as it is, with composed and with decomposed accents."""
    return name, unicodedata.normalize("NFC", name), unicodedata.normalize("NFD", name)


def _escape_character(char: str) -> str:
    if unicodedata.category(char) not in _INVISIBLE_CATEGORIES:
        return char
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
