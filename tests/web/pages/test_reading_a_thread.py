"""A thread's page: what it shows to whom, at which address, with how many selects."""

import re

import pytest

from forum.ideas import proposing
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members.tables import Member
from forum.threads import answers, editing, official, replying, voting
from forum.threads.tables import Attribution, Post, Thread, ThreadLink
from moderation.decisions import Ruling, decide
from tests.forum import making as make
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site, Visitor, opened_site
from web.pages import thread_cards

WORDS = "My phone number is in this reply."


def address(thread: Thread) -> str:
    return f"/t/{thread.id}/{thread.slug}"


@pytest.fixture(scope="module")
def thread(database: Database, people: People) -> Thread:
    """A question with an accepted reply, an official one, and one more."""
    with database.transaction() as session:
        asked = make.thread(
            session, people.asker, tags=["grinder", "motor"], title="The grinder stops <after> ten seconds"
        )
        solved = make.reply(session, asked, people.peer, body="Clean the *chute* first.")
        statement = make.reply(
            session, asked, people.staff, as_statement=True, body="We send you a new chute, free of charge."
        )
        make.reply(session, asked, make.member(session), body="Mine does that too.")
        answers.accept(session, people.asker, post_id=solved.id)
        official.mark(session, people.staff, post_id=statement.id)
        return asked


def test_everybody_can_read_it(site: Site, thread: Thread) -> None:
    page = site.anybody().get(address(thread))
    assert page.words("//h1") == "The grinder stops <after> ten seconds"
    assert "Clean the chute first." in page.words()
    assert page.words("//h2[@id='answers']") == "3 answers"
    assert page.page.xpath("//link[@rel='canonical']/@href") == [f"http://127.0.0.1:8000{address(thread)}"]
    assert [tag.text for tag in page.page.xpath("//header//a[@class='tag']")] == ["grinder", "motor"]


def test_accepted_and_official_are_two_seals(site: Site, thread: Thread) -> None:
    page = site.anybody().get(address(thread))
    assert [seal.text_content() for seal in page.page.xpath("//*[contains(@class,'seal ')]")] == [
        "Accepted answer",
        "Official answer",
    ]
    first, second = page.page.xpath("//article[contains(@class,'sealed')]")
    assert "marked this as what solved it" in first.text_content()
    assert "made by Service" in second.text_content()
    assert page.page.xpath("//p[@class='jump']/a/@href") == [f"#{first.get('id')}", f"#{second.get('id')}"]


def test_staff_stand_in_an_arch(site: Site, thread: Thread) -> None:
    page = site.anybody().get(address(thread))
    assert len(page.page.xpath("//article//span[@class='face house']")) == 1
    assert len(page.page.xpath("//article//header//span[@class='staff']")) == 1


def test_a_wrong_slug_leads_to_the_right_one_for_good(site: Site, thread: Thread) -> None:
    visitor = site.anybody().get(f"/t/{thread.id}/something-else?sort=votes", status=301)
    assert visitor.leads_to == address(thread) + "?sort=votes"
    assert site.anybody().get(f"/t/{thread.id}", status=301).leads_to == address(thread)


@pytest.mark.parametrize(
    "path", ["/t/99999999/x", "/t/0/x", "/t/01/x", "/t/x/x", "/p/99999999", "/t/99999999/x/history"]
)
def test_what_is_not_there_is_not_found(site: Site, path: str) -> None:
    site.anybody().get(path, status=404)


def test_what_only_members_see_does_not_exist_for_visitors(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        inside = make.thread(session, people.asker, make.category(session, audience=1))
    site.anybody().get(address(inside), status=404)
    site.anybody().get(address(inside) + "/history", status=404)
    site.as_(people.peer).get(address(inside))


def test_replies_in_the_order_that_one_likes(site: Site, thread: Thread) -> None:
    def order(query: str) -> list[str]:
        page = site.anybody().get(address(thread) + query)
        return [
            " ".join(text.text_content().split())
            for text in page.page.xpath("//article[position()>1]//div[@class='prose']")
        ]

    assert order("?sort=oldest") == [
        "Clean the chute first.",
        "We send you a new chute, free of charge.",
        "Mine does that too.",
    ]
    assert order("?sort=newest") == list(reversed(order("?sort=oldest")))
    site.anybody().get(address(thread) + "?sort=wrong", status=422)
    site.anybody().get(address(thread) + "?page=2", status=404)


def test_long_threads_have_pages(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        asked = make.thread(session, people.asker, kind="discussion")
        posts = [make.reply(session, asked, people.peer, body=f"This is reply {number}.") for number in range(23)]
    first = site.anybody().get(address(asked))
    assert len(first.page.xpath("//article")) == 21
    assert first.page.xpath("//nav[@class='pager']//a[@rel='next']/@href") == [address(asked) + "?page=2"]
    second = site.anybody().get(address(asked) + "?page=2")
    assert [text.text_content().strip() for text in second.page.xpath("//article//div[@class='prose']")] == [
        "This is reply 20.",
        "This is reply 21.",
        "This is reply 22.",
    ]
    assert site.anybody().get(f"/p/{posts[22].id}", status=302).leads_to == f"{address(asked)}?page=2#p{posts[22].id}"
    assert site.anybody().get(f"/p/{posts[0].id}", status=302).leads_to == f"{address(asked)}#p{posts[0].id}"


@pytest.fixture
def removed(database: Database, people: People) -> Post:
    """A reply of the peer's that a moderator took out of sight."""
    with database.transaction() as session:
        asked = make.thread(session, people.asker)
        gone = make.reply(session, asked, people.peer, body=WORDS)
        ruling = Ruling(
            action="hide-post", target_kind="post", target_id=gone.id, rule="4", reason_code="personal-data",
            text="It showed a phone number that nobody needs.",
        )  # fmt: skip
        decide(session, people.moderator, ruling)
        return gone


def test_a_removed_reply_leaves_its_reason(site: Site, database: Database, removed: Post) -> None:
    page = site.anybody().get(f"/t/{removed.thread_id}", status=301).follow()
    stone = page.words("//div[@class='gone']")
    assert WORDS not in page.text
    assert "A reply was removed" in stone
    assert "It showed a phone number that nobody needs." in stone
    assert "Rule 4, Personal data" in stone
    assert "Decided by a moderator" in stone
    assert "not automated" in stone
    [link] = page.page.xpath("//div[@class='gone']//a[starts-with(@href,'/transparency/')]")
    assert link.text_content().startswith("Read decision 20")


def test_its_author_reads_their_own_words_and_why(site: Site, people: People, removed: Post) -> None:
    page = site.as_(people.peer).get(f"/t/{removed.thread_id}", status=301).follow()
    own = page.words(f"//article[@id='p{removed.id}']")
    assert WORDS in own
    assert "Your reply is hidden." in own
    assert "It showed a phone number that nobody needs." in own
    moderator = site.as_(people.moderator).get(f"/t/{removed.thread_id}", status=301).follow()
    assert WORDS in moderator.words(f"//article[@id='p{removed.id}']")


def test_what_is_illegal_is_not_handed_out_again(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        gone = make.reply(session, make.thread(session, people.asker), people.peer, body=WORDS)
        ruling = Ruling(
            action="hide-post",
            target_kind="post",
            target_id=gone.id,
            rule="5",
            reason_code="illegal",
            text="The law forbids this.",
        )
        decide(session, people.moderator, ruling)
    author = site.as_(people.peer)
    page = author.get(f"/t/{gone.thread_id}", status=301).follow()
    assert WORDS not in page.text
    assert "The law forbids this." in page.words("//div[@class='gone']")
    author.get(f"/p/{gone.id}/history", status=404)
    author.get(f"/p/{gone.id}/edit", status=404)
    assert WORDS in site.as_(people.moderator).get(f"/p/{gone.id}/history").text


def test_a_hidden_thread_is_there_for_its_author_alone(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        asked = make.thread(session, people.asker)
        decide(
            session,
            people.moderator,
            Ruling(
                action="hide-thread",
                target_kind="thread",
                target_id=asked.id,
                rule="3",
                reason_code="spam",
                text="An advertisement.",
            ),
        )
    site.anybody().get(address(asked), status=404)
    site.as_(people.peer).get(address(asked), status=404)
    assert "Your thread is hidden." in site.as_(people.asker).get(address(asked)).words(
        "//div[contains(@class,'banner')]"
    )


def test_a_reply_that_its_author_took_back(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        gone = make.reply(session, make.thread(session, people.asker), people.peer, body=WORDS)
    peer = site.as_(people.peer)
    peer.get(f"/p/{gone.id}/delete")
    assert peer.send(f"/p/{gone.id}/delete").leads_to == f"/p/{gone.id}"
    page = peer.get(f"/t/{gone.thread_id}", status=301).follow()
    assert "deleted by its author" in page.words("//div[@class='gone']")
    assert WORDS not in page.text
    peer.get(f"/p/{gone.id}/history", status=410)


def test_imported_posts_name_their_source(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        asked = make.thread(session, people.asker)
        post = make.opening(session, asked)
        session.add(
            Attribution(
                post_id=post.id, site="coffee.example", url="https://coffee.example/q/1", author_name="Ann & Co",
                author_url="https://coffee.example/u/1", licence="CC BY-SA 4.0",
            )
        )  # fmt: skip
        remark = make.reply(session, asked, people.peer, body="A remark under the question.")
        remark.is_comment, remark.parent_id = True, post.id
        asked.reply_count -= 1
    page = site.anybody().get(address(asked))
    said = page.words(f"//article[@id='p{post.id}']")
    assert "From coffee.example, Ann & Co · CC BY-SA 4.0" in said
    assert page.page.xpath("//a[@href='https://coffee.example/q/1']/@rel") == ["nofollow ugc"]
    assert "A remark under the question." in page.words(
        f"//article[@id='p{post.id}']//ul[@class='comments']/li[@id='p{remark.id}']"
    )


def test_which_buttons_somebody_has(site: Site, database: Database, people: People, thread: Thread) -> None:
    def buttons(visitor: Visitor) -> set[str]:
        page = visitor.get(address(thread))
        found = page.page.xpath(
            "//div[@class='acts']//button | //div[@class='acts']//a/span[@class='t'] | //aside//a[@class='btn']"
        )
        return {" ".join(one.text_content().partition(":")[0].split()) for one in found}

    assert buttons(site.anybody()) == {"Reply"}
    assert buttons(site.as_(people.asker)) == {"Reply", "Edit", "This solved it", "Did not work"}
    assert buttons(site.as_(people.peer)) == {"Reply", "Edit"}
    assert buttons(site.as_(people.staff)) == {"Reply", "Edit", "Mark as official", "No longer official"}
    assert buttons(site.as_(people.moderator)) == {"Reply", "Edit", "Close", "Moderate"}


def test_one_cannot_press_a_vote_on_one_s_own_post(site: Site, people: People, thread: Thread) -> None:
    page = site.as_(people.asker).get(address(thread))
    own, other = page.page.xpath("//form[@class='vote']")[:2]
    assert [button.get("title") for button in own.xpath(".//button")] == ["You cannot vote on your own post."] * 2
    assert [button.get("disabled") is None for button in other.xpath(".//button")] == [True, False]
    assert other.xpath(".//button")[1].get("title") == "You need more reputation to vote down."


def busy(database: Database, people: People, kind: str) -> Thread:
    """A thread with everything that a page can show."""
    with database.transaction() as session:
        place = make.category(session, peers_first_hours=4)
        asked = proposing.open_any(
            session, people.asker, kind=kind, category=place.slug, title=make.TITLE, body=make.BODY, tags=["a", "b"]
        )
        replies = [make.reply(session, asked, make.member(session)) for _ in range(12)]
        remark = make.reply(session, asked, people.peer, body="A remark.")
        remark.is_comment, remark.parent_id = True, replies[0].id
        asked.reply_count -= 1
        voting.vote(session, people.peer, post_id=replies[1].id, value=1)
        if kind == "question":
            answers.accept(session, people.asker, post_id=replies[2].id)
        else:
            decide(
                session, people.staff,
                Ruling(action="idea-status", target_kind="thread", target_id=asked.id, reason_code="answer", text="We are looking at it.", status="under_review"),
            )  # fmt: skip
        editing.edit_post(session, people.asker, post_id=make.opening(session, asked).id, body=make.BODY + " Really.")
        session.add(ThreadLink(thread_id=asked.id, related_id=make.thread(session, people.peer).id))
        session.flush()
        for rule, target in (("hide-post", replies[3].id), ("hide-post", replies[4].id), ("close-thread", asked.id)):
            decide(
                session,
                people.moderator,
                Ruling(
                    action=rule,
                    target_kind=rule.split("-")[1],
                    target_id=target,
                    rule="2",
                    text="It was not about this.",
                ),
            )
        return asked


@pytest.mark.parametrize("kind", ["question", "idea"])
@pytest.mark.parametrize("who", ["nobody", "asker", "peer", "staff", "moderator"])
def test_six_selects_at_most(site: Site, database: Database, people: People, kind: str, who: str) -> None:
    asked = busy(database, people, kind)
    visitor = site.anybody() if who == "nobody" else site.as_(getattr(people, who))
    with site.counting() as seen:
        page = visitor.get(address(asked))
    assert "Closed." in page.words("//div[contains(@class,'banner')]")
    assert page.words("//h2[@id='answers']").startswith("10 ")
    assert 3 <= len(seen) <= 6, "\n\n".join(seen)


def test_a_visitor_s_page_is_kept_until_the_thread_changes(
    settings: Settings, database: Database, people: People
) -> None:
    with database.transaction() as session:
        asked = make.thread(session, people.asker)
    with opened_site(settings, database) as fresh:
        visitor = fresh.anybody().get(address(asked))
        with fresh.counting() as seen:
            again = fresh.anybody().get(address(asked))
        assert again.text == visitor.text
        assert len(seen) == 1  # its version
        with database.transaction() as session:
            replying.reply(session, people.peer, thread_id=asked.id, body="Something new to read.")
        assert "Something new to read." in fresh.anybody().get(address(asked)).text
        with database.transaction() as session:
            decide(
                session,
                people.moderator,
                Ruling(
                    action="hide-thread", target_kind="thread", target_id=asked.id, rule="3", text="An advertisement."
                ),
            )
        fresh.anybody().get(address(asked), status=404)


@pytest.mark.parametrize("language", ["en", "it"])
def test_cards_that_are_remembered_are_those_that_would_be_drawn(
    site: Site, database: Database, people: People, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    with database.transaction() as session:
        asked = make.thread(session, people.asker)
        best, taken_back = make.reply(session, asked, people.peer), make.reply(session, asked, people.peer)
        replying.comment(session, people.asker, post_id=best.id, body="That was <it>.")
        answers.accept(session, people.asker, post_id=best.id)
        official.mark(session, people.staff, post_id=make.reply(session, asked, people.staff).id)
        editing.delete_post(session, people.peer, post_id=taken_back.id)

    def read() -> str:
        unkept = site.anybody().get(address(asked), X_Requested_With="test", Accept_Language=language)
        return re.sub("[0-9a-f]{10}-[0-9a-f]{2}", "", unkept.text)

    first = read()
    before = thread_cards._drawn.cache_info()
    assert read() == first
    assert thread_cards._drawn.cache_info().hits == before.hits + 3
    monkeypatch.setattr("web.pages.threads.drawn_for_visitors", lambda view, page: ())
    assert read() == first


def test_nothing_of_a_member_is_kept(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        asked = make.thread(session, people.asker)
    member = site.as_(people.asker).get(address(asked))
    assert 'name="csrf"' in member.text
    assert "cache-control" in member.answer.headers
    assert "public" not in member.answer.headers["cache-control"]
    assert 'name="csrf"' not in site.anybody().get(address(asked)).text


def test_the_page_in_italian(site: Site, database: Database, people: People, thread: Thread) -> None:
    page = site.anybody().get(address(thread), accept_language="it")
    assert page.page.get("lang") == "it"
    assert page.words("//h2[@id='answers']") == "3 risposte"
    with database.transaction() as session:
        reader = make.member(session, locale="it")
        assert session.get_one(Member, reader.member_id).locale == "it"
    assert site.as_(reader).get(address(thread), accept_language="en").page.get("lang") == "it"
