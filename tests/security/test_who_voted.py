"""Neither what is shown of a member nor when it happened tells how they voted."""

from forum.kernel.db import Database
from forum.threads import voting
from tests.forum import making as make
from tests.installing import deliver_all
from tests.security.conftest import People
from tests.web.pages.visiting import Site


def test_votes_down_are_a_sum_to_others(site: Site, people: People, database: Database) -> None:
    with database.transaction() as session:
        critic = make.member(session, privileges=("vote:down",))
        liked = make.reply(session, make.thread(session), critic)
        disliked = make.reply(session, make.thread(session), people.peer)
        voting.vote(session, people.asker, post_id=liked.id, value=1)
        voting.vote(session, critic, post_id=disliked.id, value=-1)
    deliver_all(database)
    own, other = site.as_(critic), site.as_(people.moderator)
    api = f"/api/v1/members/{critic.handle}/reputation"
    assert [line["reason"] for line in own.client.get(api).json()["items"]] == ["downvoting", "upvoted"]
    assert [line["reason"] for line in other.client.get(api).json()["items"]] == ["upvoted"]
    page = other.get(f"/m/{critic.handle}").words()
    assert "Votes down cost −1 points in all" in page
    assert "Voted down an answer" not in page
    assert "Voted down an answer" in own.get(f"/m/{critic.handle}").words()
