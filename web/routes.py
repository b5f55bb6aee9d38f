"""Every route of the site, in one list. A module of pages, API or feeds exports `routes`; it is named here and nowhere else."""

from __future__ import annotations

from litestar.handlers import HTTPRouteHandler

from web import assets, health
from web.api import administration as api_administration
from web.api import answers as api_answers
from web.api import articles as api_articles
from web.api import categories as api_categories
from web.api import crm as api_crm
from web.api import deflections as api_deflections
from web.api import identities as api_identities
from web.api import mails as api_mails
from web.api import me as api_me
from web.api import members as api_members
from web.api import moderation as api_moderation
from web.api import posts as api_posts
from web.api import search as api_search
from web.api import sessions as api_sessions
from web.api import site as api_site
from web.api import threads as api_threads
from web.feeds import finding, reading
from web.pages import (
    about,
    arriving,
    asking,
    avatars,
    categories,
    choices,
    crm,
    deflecting,
    entering,
    former,
    helping,
    home,
    ideas,
    mailed,
    members,
    moderation,
    notifications,
    posts,
    sanctions,
    searching,
    settings,
    tags,
    tending,
    threads,
    transparency,
    versions,
)
from web.pages.admin import audit as admin_audit
from web.pages.admin import categories as admin_categories
from web.pages.admin import groups as admin_groups
from web.pages.admin import invitations as admin_invitations
from web.pages.admin import mails as admin_mails
from web.pages.admin import people as admin_people
from web.pages.admin import person as admin_person
from web.pages.admin import providers as admin_providers
from web.pages.admin import settings as admin_settings
from web.pages.admin import start as admin_start

ROUTES: list[HTTPRouteHandler] = [
    *health.routes,
    *assets.routes,
    *choices.routes,
    *entering.routes,
    *arriving.routes,
    *mailed.routes,
    *api_threads.routes,
    *api_posts.routes,
    *api_answers.routes,
    *api_categories.routes,
    *api_site.routes,
    *api_administration.routes,
    *api_members.routes,
    *api_sessions.routes,
    *api_identities.routes,
    *api_me.routes,
    *api_moderation.routes,
    *api_search.routes,
    *api_deflections.routes,
    *api_articles.routes,
    *api_crm.routes,
    *api_mails.routes,
    *home.routes,
    *former.routes,
    *categories.routes,
    *asking.routes,
    *deflecting.routes,
    *threads.routes,
    *posts.routes,
    *sanctions.routes,
    *versions.routes,
    *tending.routes,
    *tags.routes,
    *ideas.routes,
    *members.routes,
    *avatars.routes,
    *notifications.routes,
    *settings.routes,
    *moderation.routes,
    *transparency.routes,
    *about.routes,
    *admin_start.routes,
    *admin_audit.routes,
    *admin_categories.routes,
    *admin_providers.routes,
    *admin_groups.routes,
    *admin_invitations.routes,
    *admin_people.routes,
    *admin_person.routes,
    *admin_settings.routes,
    *crm.routes,
    *admin_mails.routes,
    *searching.routes,
    *helping.routes,
    *reading.routes,
    *finding.routes,
]
