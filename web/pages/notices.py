"""What a page says after a form was sent and the browser was led on: one sentence by a short name.

The name travels in a cookie that the next page takes back, so an address never says what happened, and loading a page again
does not say it twice.
"""

from __future__ import annotations

from typing import Final

from forum.kernel.errors import N_, Text
from web.edge.cookies import NOTICE
from web.edge.visit import Visit
from web.pages.parts import Notice

NOTICES: Final = {
    "posted": Notice(Text(N_("Posted. You hear of every answer."))),
    "solved-mine": Notice(Text(N_("Good that this helped, and thank you for saying so."))),
    "replied": Notice(Text(N_("Your answer is posted."))),
    "edited": Notice(Text(N_("Saved. The version before stays in the history."))),
    "unchanged": Notice(Text(N_("Nothing was different, so nothing was saved.")), "plain"),
    "deleted": Notice(Text(N_("Your reply is deleted.")), "plain"),
    "accepted": Notice(Text(N_("Marked as what solved it."))),
    "withdrawn": Notice(Text(N_("The mark is taken away, the question is open again.")), "plain"),
    "official": Notice(Text(N_("Marked as the official answer."))),
    "unofficial": Notice(Text(N_("The official mark is taken away.")), "plain"),
    "followed": Notice(Text(N_("You hear of every new answer here."))),
    "needs-info": Notice(Text(N_("The question waits for its asker, who is told. Say in a reply what is missing."))),
    "enough-info": Notice(Text(N_("Nobody waits for the asker any more."))),
    "me-too": Notice(Text(N_("You are counted among those who have this problem, and hear of every new answer."))),
    "not-me": Notice(Text(N_("You are not counted any more. You still follow the thread.")), "plain"),
    "unfollowed": Notice(Text(N_("You hear no more of this thread.")), "plain"),
    "closed": Notice(Text(N_("Closed. The reason is in the public log."))),
    "reopened": Notice(Text(N_("Open again. The reason is in the public log."))),
    "idea-status": Notice(Text(N_("The answer is public. Everybody who voted is told."))),
    "article-saved": Notice(Text(N_("The article is saved."))),
    "article-published": Notice(Text(N_("Published. Everybody can find it in the help centre."))),
    "article-withdrawn": Notice(Text(N_("Withdrawn. Nobody but reviewers sees it any more.")), "plain"),
    "welcome": Notice(Text(N_("Welcome. You can ask, answer and vote from now on."))),
    "address-changed": Notice(Text(N_("This is your address from now on. The one before is told."))),
    "address-asked": Notice(Text(N_("We sent a link to the new address. Until you follow it, nothing changes."))),
    "mail-sent-again": Notice(Text(N_("The link is on its way once more."))),
    "mails-enough": Notice(Text(N_("That address had three mails today already. Try again tomorrow.")), "danger"),
    "password-set": Notice(Text(N_("Your new password is set. Sign in with it."))),
    "taken-back": Notice(Text(N_("The account is yours again. We sent a link for a new password to your address."))),
    "welcome-back": Notice(Text(N_("Welcome back. Your account is open again."))),
    "account-deleted": Notice(Text(N_("Your account is deleted. What you wrote for others stays.")), "plain"),
    "signed-out": Notice(Text(N_("You are signed out.")), "plain"),
    "signed-out-everywhere": Notice(Text(N_("You are signed out on every device.")), "plain"),
    "profile-saved": Notice(Text(N_("Your profile is saved."))),
    "picture-saved": Notice(Text(N_("Your picture is saved. It stands beside all you write."))),
    "picture-removed": Notice(Text(N_("Your picture is gone. Your initials stand there again.")), "plain"),
    "account-closed": Notice(Text(N_("Your account is closed. Sign in when you want it back.")), "plain"),
    "key-sent": Notice(Text(N_("A link is on its way to your mail address."))),
    "settings-saved": Notice(Text(N_("Saved."))),
    "password-changed": Notice(Text(N_("Your password is changed. Every other device is signed out."))),
    "token-revoked": Notice(Text(N_("The token is revoked. Programs that used it are locked out.")), "plain"),
    "identity-connected": Notice(Text(N_("Connected. You can sign in with it from now on."))),
    "identity-disconnected": Notice(Text(N_("Disconnected. It does not lead into your account any more.")), "plain"),
    "provider-added": Notice(Text(N_("Added and switched on. Test the connection now."))),
    "provider-saved": Notice(Text(N_("The provider is saved."))),
    "provider-on": Notice(Text(N_("Switched on. Its button is on the sign-in page."))),
    "provider-off": Notice(Text(N_("Switched off. It lets nobody in any more.")), "plain"),
    "browser-signed-out": Notice(Text(N_("That browser is signed out.")), "plain"),
    "reported": Notice(Text(N_("Reported. A moderator will look at it."))),
    "kept": Notice(Text(N_("Kept. The reports are closed.")), "plain"),
    "decided": Notice(Text(N_("Decided. It stands in the public log."))),
    "redacted": Notice(Text(N_("Redacted. A new entry says so."))),
    "connection-paused": Notice(Text(N_("Paused. What is to be delivered waits, and nothing is lost.")), "plain"),
    "connection-resumed": Notice(Text(N_("Resumed. What waited is on its way."))),
    "delivery-replayed": Notice(Text(N_("It will be tried again within a second or two."))),
    "deliveries-replayed": Notice(Text(N_("They will be tried again, one after the other."))),
    "delivery-let-go": Notice(Text(N_("Let go. The next change of the same thing is told as ever.")), "plain"),
    "mail-replayed": Notice(Text(N_("It will be sent again within a second or two."))),
    "mails-replayed": Notice(Text(N_("What is still of use will be sent again, one after the other."))),
    "mail-given-up": Notice(Text(N_("Given up. Its address is forgotten.")), "plain"),
    "category-made": Notice(Text(N_("The category is there. It stands last; move it where you like."))),
    "category-saved": Notice(Text(N_("The category is saved."))),
    "site-saved": Notice(Text(N_("Saved. It holds for everybody now."))),
    "person-bot": Notice(Text(N_("Saved. Everything this account wrote shows it."))),
    "person-role": Notice(Text(N_("The role is changed. They are signed out, and come in again with it."))),
    "person-affiliation": Notice(Text(N_("Saved. What they write from now on shows it."))),
    "person-bond": Notice(Text(N_("Saved. Their profile says so now."))),
    "person-signed-out": Notice(Text(N_("Signed out everywhere. Their tokens and mailed links have ended too."))),
    "person-disconnected": Notice(Text(N_("Disconnected, and signed out everywhere.")), "plain"),
    "person-verified": Notice(Text(N_("The address is confirmed."))),
    "person-mailed": Notice(Text(N_("The mail is on its way."))),
    "invitation-revoked": Notice(Text(N_("Taken back. Nobody comes in with it any more.")), "plain"),
    "group-made": Notice(Text(N_("The group is there."))),
    "group-saved": Notice(Text(N_("The group is saved."))),
    "group-deleted": Notice(Text(N_("The group is gone. The people stay.")), "plain"),
    "group-person-in": Notice(Text(N_("They are in the group now."))),
    "group-person-out": Notice(Text(N_("They are not in the group any more.")), "plain"),
    "news-read": Notice(Text(N_("Everything is marked as read.")), "plain"),
}
"""Every sentence that can follow a form, by its name. Pages of other modules add theirs here."""


def leave(visit: Visit, name: str) -> None:
    """Have the next page that this browser loads say it.

    Raises:
        KeyError: there is no such sentence.
    """
    NOTICES[name]  # a wrong name fails where it is written, not on somebody's next page
    visit.new_cookies.append(NOTICE.spelled(name, https=visit.https))


def take(visit: Visit) -> tuple[Notice, ...]:
    """What was left for this page. It is said once."""
    name = visit.cookies.get(NOTICE.name, "")
    if not name:
        return ()
    visit.new_cookies.append(NOTICE.taken_back(https=visit.https))
    return (NOTICES[name],) if name in NOTICES else ()
