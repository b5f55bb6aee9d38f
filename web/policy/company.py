"""Rows for the knowledge base, the connections to the company's systems, and the installation itself."""

from __future__ import annotations

from typing import Final

from crm_sync import policies as crm
from forum.articles.policies import may_review
from forum.members.policies import may_administer
from forum.threads.policies import may_manage_categories
from web.policy.words import read, write

COMPANY: Final = (
    read("article.desk", "See the list of drafts", may_review, who="staff moderator administrator", never="suspended", scopes="read moderate"),
    write("article.edit", "Edit, publish and withdraw an article", may_review, who="staff moderator administrator", on="article", scopes="moderate"),
    read("connection.read", "See connections and deliveries", crm.may_see_connections, who="administrator", scopes="read administer"),
    write("connection.manage", "Connect, hold, resume, make new secrets, deliver again", crm.may_manage_connections, who="administrator", scopes="administer"),
)  # fmt: skip

ADMINISTRATION: Final = (
    read("admin.read", "See the state of the installation and its audit", may_administer, who="administrator", scopes="read administer"),
    write("admin.roles", "Give people roles, say who belongs to the company and what is a program", may_administer, who="administrator", scopes="administer"),
    write("group.manage", "Make, change and do away with groups, put people in and take them out", may_administer, who="administrator", scopes="administer"),
    write("people.manage", "Invite people, sign them out, disconnect their identities, confirm their addresses, send mails again", may_administer, who="administrator", scopes="administer"),
    write("site.manage", "Change the settings of the site", may_administer, who="administrator", scopes="administer"),
    write("provider.manage", "Add, change, test and switch identity providers", may_administer, who="administrator", scopes="administer"),
    write("mail.manage", "Send mails again that could not be sent, or give them up", may_administer, who="administrator", scopes="administer"),
    write("category.manage", "Make and change categories", may_manage_categories, who="administrator", scopes="administer"),
)  # fmt: skip
