"""The settings of an account: one module and one template (`templates/settings/`) for each page.

A page has its line in `navigation`, is drawn by `frame.setting`, and its module is named here.
"""

from __future__ import annotations

from web.pages.settings import identities, profile, security, tokens

routes = [*profile.routes, *security.routes, *tokens.routes, *identities.routes]
