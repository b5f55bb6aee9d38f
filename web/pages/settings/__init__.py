"""The settings of an account: one module and one template (`templates/settings/`) for each page.

A page has its line in `navigation`, is drawn by `frame.setting`, and its module is named here.
"""

from __future__ import annotations

from web.pages.settings import consent, data, identities, language, privacy, profile, security, tokens

routes = [
    *(*profile.routes, *language.routes, *privacy.routes),
    *(*security.routes, *identities.routes, *tokens.routes),
    *(*consent.routes, *data.routes),
]
