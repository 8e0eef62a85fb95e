"""Where each browser looks for native messaging hosts, for one person or for everybody.

Chromium and its relatives keep a folder of their own under the person's configuration; all but two
read Chrome's folder for what is installed for everybody. Firefox has one folder whatever its
profile. On Windows the registry has that part, and we write nothing there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Final, Literal

from cardreader.errors import CardError

if TYPE_CHECKING:
    from collections.abc import Callable

Family = Literal["chrome", "firefox"]
Scope = Literal["user", "system"]
SCOPES: Final[tuple[Scope, ...]] = ("user", "system")  # in the order that browsers read them

_CHROMES: Final = "etc/opt/chrome/native-messaging-hosts"
_SUPPORT: Final = "Library/Application Support"


class PlatformUnsupported(CardError):
    """Browsers of this system are not told of hosts by files."""

    code: ClassVar[str] = "platform_unsupported"


@dataclass(frozen=True, kw_only=True, slots=True)
class Browser:
    """One browser.

    Attributes:
        name: as it is named on the command line.
        title: as people know it.
        programs: its commands on Linux; its application on macOS is named by ``title``.
        linux: its folder under the person's configuration.
        macos: its folder under the person's ``Library/Application Support``.
        everybody: the folders for everybody, on Linux and on macOS, under the root.
        boxes: folders in the home of a copy in a sandbox, which can start no program of ours.
    """

    name: str
    title: str
    family: Family
    programs: tuple[str, ...]
    linux: str
    macos: str
    everybody: Mapping[str, str] = field(repr=False)
    boxes: tuple[str, ...] = field(repr=False)


BROWSERS: Final = (
    Browser(
        name="chromium",
        title="Chromium",
        family="chrome",
        programs=("chromium", "chromium-browser"),
        linux="chromium",
        macos="Chromium",
        everybody={
            "linux": "etc/chromium/native-messaging-hosts",
            "darwin": f"{_SUPPORT}/Chromium/NativeMessagingHosts",
        },
        boxes=("snap/chromium", ".var/app/org.chromium.Chromium"),
    ),
    Browser(
        name="chrome",
        title="Google Chrome",
        family="chrome",
        programs=("google-chrome", "google-chrome-stable"),
        linux="google-chrome",
        macos="Google/Chrome",
        everybody={"linux": _CHROMES, "darwin": "Library/Google/Chrome/NativeMessagingHosts"},
        boxes=(".var/app/com.google.Chrome",),
    ),
    Browser(
        name="edge",
        title="Microsoft Edge",
        family="chrome",
        programs=("microsoft-edge", "microsoft-edge-stable"),
        linux="microsoft-edge",
        macos="Microsoft Edge",
        everybody={
            "linux": "etc/opt/edge/native-messaging-hosts",
            "darwin": "Library/Microsoft/Edge/NativeMessagingHosts",
        },
        boxes=(".var/app/com.microsoft.Edge",),
    ),
    Browser(
        name="brave",
        title="Brave Browser",
        family="chrome",
        programs=("brave-browser", "brave"),
        linux="BraveSoftware/Brave-Browser",
        macos="BraveSoftware/Brave-Browser",
        everybody={"linux": _CHROMES, "darwin": "Library/Google/Chrome/NativeMessagingHosts"},
        boxes=("snap/brave", ".var/app/com.brave.Browser"),
    ),
    Browser(
        name="vivaldi",
        title="Vivaldi",
        family="chrome",
        programs=("vivaldi", "vivaldi-stable"),
        linux="vivaldi",
        macos="Vivaldi",
        everybody={"linux": _CHROMES, "darwin": "Library/Google/Chrome/NativeMessagingHosts"},
        boxes=(".var/app/com.vivaldi.Vivaldi",),
    ),
    Browser(
        name="firefox",
        title="Firefox",
        family="firefox",
        programs=("firefox", "firefox-esr"),
        linux=".mozilla/firefox",
        macos="Firefox",
        everybody={
            "linux": "usr/lib/mozilla/native-messaging-hosts",
            "darwin": f"{_SUPPORT}/Mozilla/NativeMessagingHosts",
        },
        # A snap of Firefox asks the desktop to start hosts, from the folder of any Firefox.
        boxes=(".var/app/org.mozilla.firefox",),
    ),
)
BY_NAME: Final = {browser.name: browser for browser in BROWSERS}


@dataclass(frozen=True, kw_only=True, slots=True)
class Places:
    """The folders of one person on one machine.

    Attributes:
        platform: as `sys.platform` names it.
        config: the person's configuration (``XDG_CONFIG_HOME``); Linux only.
        data: the person's data (``XDG_DATA_HOME``); Linux only.
        root: under which what belongs to everybody is.
    """

    platform: Literal["linux", "darwin"]
    home: Path
    config: Path
    data: Path
    root: Path = Path("/")

    def hosts(self, browser: Browser, scope: Scope) -> Path:
        """The folder in which this browser looks for manifests."""
        if scope == "system":
            return self.root / browser.everybody[self.platform]
        if browser.family == "firefox":
            if self.platform == "darwin":
                return self.home / _SUPPORT / "Mozilla" / "NativeMessagingHosts"
            return self.home / ".mozilla" / "native-messaging-hosts"
        return self._own(browser) / "NativeMessagingHosts"

    def launcher(self, scope: Scope) -> Path:
        """The program that all manifests of this scope name."""
        if scope == "system":
            return self.root / "usr/local/lib/sesame/card-agent"
        if self.platform == "darwin":
            return self.home / _SUPPORT / "Sesame" / "card-agent"
        return self.data / "sesame" / "card-agent"

    def has(self, browser: Browser, which: Callable[[str], str | None]) -> bool:
        """Whether the browser is here: it is installed, or this person has used it."""
        if self._own(browser).is_dir():
            return True
        if self.platform == "darwin":
            return (self.root / "Applications" / f"{browser.title}.app").is_dir()
        if browser.family == "firefox" and any(
            folder.is_dir()
            for folder in (self.config / "mozilla" / "firefox", self.home / "snap" / "firefox")
        ):
            return True
        return any(which(program) is not None for program in browser.programs)

    def boxed(self, browser: Browser) -> bool:
        """Whether this person has a copy of it in a sandbox, where no manifest reaches it."""
        return self.platform == "linux" and any((self.home / box).is_dir() for box in browser.boxes)

    def _own(self, browser: Browser) -> Path:
        if self.platform == "darwin":
            return self.home / _SUPPORT / browser.macos
        return (self.home if browser.family == "firefox" else self.config) / browser.linux


def places(platform: str, environ: Mapping[str, str], home: Path) -> Places:
    """The folders of whoever runs this.

    Raises:
        PlatformUnsupported: not Linux, and not macOS.
    """
    if platform not in {"linux", "darwin"}:
        raise PlatformUnsupported(platform)
    return Places(
        platform="darwin" if platform == "darwin" else "linux",
        home=home,
        config=_absolute(environ.get("XDG_CONFIG_HOME"), home / ".config"),
        data=_absolute(environ.get("XDG_DATA_HOME"), home / ".local" / "share"),
    )


def _absolute(named: str | None, usual: Path) -> Path:
    # A relative one is to be ignored, says the specification of these variables.
    return Path(named) if named and Path(named).is_absolute() else usual
