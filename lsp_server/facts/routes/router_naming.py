"""The names that Phoenix and LiveView derive from modules for path helpers.

Read in Phoenix 1.8 (`Phoenix.Naming`, `Phoenix.Router.Resource`) and LiveView 1.1
(`Phoenix.LiveView.Router`); both are unchanged since Phoenix 1.3 and LiveView 0.13.
"""

from __future__ import annotations

import re

# A capital before something that is neither a capital nor a digit begins a word; so does one after
# anything but a capital.
_WORD = re.compile(r"(?<=.)(?=[A-Z][^A-Z0-9._])|(?<=[^A-Z_.])(?=[A-Z])")


def underscore(name: str) -> str:
    """What `Macro.underscore/1` makes of a module name: `API.UserToken` is `api/user_token`."""
    return "/".join(_WORD.sub("_", part).lower() for part in name.split("."))


def resource_name(module: str, suffix: str = "Controller") -> str:
    """The helper of a controller: `user` for `ShopWeb.UserController`."""
    last = module.rpartition(".")[2]
    return underscore(last.removesuffix(suffix) if last != suffix else "")


def live_name(module: str) -> str:
    """The helper of a LiveView routed with an action: `user_index` for `Web.UserLive.Index`.

    Empty where no part of the name ends in `Live`; LiveView refuses such a route without `as:`.
    """
    parts = module.split(".")
    while parts and not parts[0].endswith("Live"):
        parts.pop(0)
    names = (underscore(part.removesuffix("Live")) for part in parts)
    return "_".join(name for name in names if name)
