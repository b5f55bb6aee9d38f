"""Answering, voting, marking, following, editing: each a form with a button, and refused where it may not be."""

import pytest

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.members import joining
from forum.members.finding import member_of
from forum.threads.tables import Post, Thread
from forum.threads.versions import source_of
from tests.forum import making as make
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site, Visitor


def address(thread: Thread) -> str:
    return f"/t/{thread.id}/{thread.slug}"


@pytest.fixture
def asked(database: Database, people: People) -> Thread:
    with database.transaction() as session:
        return make.thread(session, people.asker, tags=["grinder"])


@pytest.fixture
def answer(database: Database, people: People, asked: Thread) -> Post:
    with database.transaction() as session:
        return make.reply(session, asked, people.peer)


def written(database: Database, post: Post, as_: Actor) -> str:
    with database.reading() as connection:
        return source_of(connection, as_, post_id=post.id).source


# Answering


def test_a_reply_is_posted_and_led_to(site: Site, people: People, asked: Thread) -> None:
    peer = site.as_(people.peer).get(address(asked))
    peer.send(f"{address(asked)}/reply", body="    indented code stays code\n\nand *words*")
    page = peer.get(peer.leads_to, status=302).follow()
    assert "Your answer is posted." in page.words("//div[@id='toasts']")
    assert page.has("//article//div[@class='prose']/pre")
    assert page.has("//article//div[@class='prose']//em")
    assert "Your answer is posted." not in page.get(address(asked)).words("//div[@id='toasts']")


def test_a_reply_that_is_too_short_stays_in_the_form(site: Site, people: People, asked: Thread) -> None:
    page = site.as_(people.peer).send(f"{address(asked)}/reply", status=422, body="<b>")
    assert page.words("//textarea[@id='body']") == "<b>"
    assert page.words("//p[@id='body-error']") == "Please write at least 5 characters."
    assert page.page.xpath("//div[@class='errors']//a/@href") == ["#body"]
    assert page.has("//textarea[@aria-invalid='true'][contains(@aria-describedby,'body-error')]")


def test_a_reply_as_it_will_look(site: Site, people: People, asked: Thread) -> None:
    page = site.as_(people.peer).send(
        f"{address(asked)}/reply", status=200, body="**Bold** <script>x</script>", do="preview"
    )
    assert page.words("//div[@data-preview]//strong") == "Bold"
    assert not page.has("//main//script")
    assert page.words("//textarea[@id='body']") == "**Bold** <script>x</script>"
    assert page.words("//h2[@id='answers']") == "0 answers"


def test_the_preview_alone_for_script(site: Site, people: People) -> None:
    assert site.as_(people.peer).send("/preview", status=200, body="*so*").text == "<p><em>so</em></p>\n"


def test_staff_say_each_time_as_whom_they_speak(site: Site, people: People, asked: Thread) -> None:
    staff = site.as_(people.staff).get(address(asked))
    assert staff.words("//legend") == "You speak as"
    staff.send(f"{address(asked)}/reply", body="This is what we stand for.", as_="company")
    staff.send(f"{address(asked)}/reply", body="And this is only mine.", as_="person")
    page = staff.get(address(asked))
    assert [seal.text_content() for seal in page.page.xpath("//*[contains(@class,'seal ')]")] == ["Official statement"]
    assert not site.as_(people.peer).get(address(asked)).has("//legend")
    site.as_(people.peer).send(f"{address(asked)}/reply", status=403, body="I am the company.", as_="company")


def test_why_staff_wait(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        asked = make.thread(session, people.asker, make.category(session, peers_first_hours=4))
    page = site.as_(people.staff).get(address(asked))
    assert not page.has("//textarea")
    assert "Customers answer first here: staff can reply 4 hours after the question" in page.words(
        "//p[@class='note is-plain']"
    )
    page.send(f"{address(asked)}/reply", status=403, body="We are quicker than you.")


def test_what_a_visitor_wrote_passes_the_sign_in_page_with_them(site: Site, database: Database, asked: Thread) -> None:
    visitor = site.anybody().get(address(asked))
    visitor.send(f"{address(asked)}/reply", status=200, body="  I know <this> one.")
    assert "Your text is kept." in visitor.words()
    kept = {
        one.get("name"): one.get("value")
        for one in visitor.page.xpath("//form[@action='/login']//input[@type='hidden']")
    }
    wrong = visitor.send(
        "/login", status=422, login="nobody", password="wrong wrong wrong", next=kept["next"], carried=kept["carried"]
    )
    assert wrong.page.xpath("//input[@name='carried']/@value") == [kept["carried"]]
    begun = visitor.send("/register", status=200, begin="1", carried=kept["carried"], next=kept["next"])
    assert not begun.has("//div[@class='errors']")
    handle = f"newcomer{asked.id}"
    visitor.send(
        "/register",
        status=200,
        handle=handle,
        mail=f"{handle}@example.com",
        password="a long enough sentence",
        carried=kept["carried"],
    )
    assert visitor.words("//pre") == "I know <this> one."
    form = visitor.page.xpath("//main//form")[0]
    visitor.send(f"{address(asked)}/reply", status=403, body="I know <this> one.")
    with database.transaction() as session:
        joining.own(session, member_id=member_of(session, handle).id, address=f"{handle}@example.com")
    fields = {one.get("name"): one.get("value") for one in form.xpath(".//input") if one.get("name") != "csrf"}
    back = visitor.send(form.get("action").partition("#")[0], status=200, do="write", **fields)
    assert back.page.xpath("//textarea[@id='body']")[0].text.endswith("I know <this> one.")
    visitor.send(f"{address(asked)}/reply", body="I know <this> one.")


def test_a_visitor_cannot_carry_a_form_to_anywhere(site: Site, database: Database) -> None:
    visitor = site.anybody().get("/login")
    handle = f"elsewhere{database.is_sqlite}".lower()
    carried = '{"to": "/admin", "fields": [["a", "b"]]}'
    visitor.send(
        "/register", handle=handle, mail=f"{handle}@example.com", password="a long enough sentence", carried=carried
    )
    assert visitor.leads_to == "/confirm?next=%2F"


# Voting, marking, following


def test_a_vote_and_taking_it_back(site: Site, people: People, asked: Thread, answer: Post) -> None:
    asker = site.as_(people.asker)
    asker.send(f"/p/{answer.id}/vote?sort=newest", value="1")
    assert asker.leads_to == f"{address(asked)}?sort=newest#p{answer.id}"
    form = asker.follow().page.xpath(f"//form[@id='vote-{answer.id}']")[0]
    assert form.xpath(".//button/@aria-pressed") == ["true", "false"]
    assert form.xpath(".//button/@value")[0] == "0"
    assert form.xpath("string(.//output)") == "Votes: 1"
    asker.send(f"/p/{answer.id}/vote", value="0")
    assert asker.follow().page.xpath(f"string(//form[@id='vote-{answer.id}']//output)") == "Votes: 0"


def test_a_vote_goes_back_to_where_it_was_pressed_and_nowhere_else(
    site: Site, people: People, answer: Post, asked: Thread
) -> None:
    asker = site.as_(people.asker)
    asker.send(f"/p/{answer.id}/vote", value="1", next="/ideas?status=planned")
    assert asker.leads_to == "/ideas?status=planned"
    asker.send(f"/p/{answer.id}/vote", value="0", next="//elsewhere.example/")
    assert asker.leads_to.startswith(address(asked))


@pytest.mark.parametrize("value", ["2", "", "x"])
def test_there_is_no_other_vote(site: Site, people: People, answer: Post, value: str) -> None:
    site.as_(people.asker).send(f"/p/{answer.id}/vote", status=422, value=value)


def test_who_may_not_vote(site: Site, people: People, answer: Post) -> None:
    assert site.anybody().send(f"/p/{answer.id}/vote", value="1").leads_to == f"/login?next=/p/{answer.id}"
    refused = site.as_(people.peer).send(f"/p/{answer.id}/vote", status=403, value="1")
    assert "You cannot vote on your own post." in refused.words()


def test_the_asker_says_what_solved_it_and_that_it_did_not(
    site: Site, people: People, asked: Thread, answer: Post
) -> None:
    asker = site.as_(people.asker)
    asker.send(f"/p/{answer.id}/accepted", value="1")
    page = asker.get(asker.leads_to, status=302).follow()
    assert page.words("//header/div[@class='meta']").startswith("Solved")
    assert page.has(f"//article[@id='p{answer.id}'][contains(@class,'is-solved')]")
    asker.send(f"/p/{answer.id}/accepted", value="0")
    assert not asker.get(address(asked)).has("//article[contains(@class,'is-solved')]")


def test_nobody_else_accepts(site: Site, people: People, answer: Post) -> None:
    refused = site.as_(people.peer).send(f"/p/{answer.id}/accepted", status=403, value="1")
    assert "Only the person who asked can accept an answer." in refused.words()
    assert site.anybody().send(f"/p/{answer.id}/accepted", value="1").leads_to.startswith("/login")


def test_staff_give_the_company_s_word(site: Site, people: People, asked: Thread, answer: Post) -> None:
    staff = site.as_(people.staff)
    staff.send(f"/p/{answer.id}/official", value="1")
    page = staff.get(address(asked))
    assert "Service marked this as the official answer" in page.words(f"//article[@id='p{answer.id}']/p[@class='why']")
    staff.send(f"/p/{answer.id}/official", value="0")
    assert not staff.get(address(asked)).has("//article[contains(@class,'is-house')]")
    site.as_(people.asker).send(f"/p/{answer.id}/official", status=403, value="1")


def test_following_and_not(site: Site, people: People, asked: Thread) -> None:
    def pressed(page: Visitor) -> str:
        return str(page.page.xpath("//form[contains(@action,'/follow')]/button/@aria-pressed")[0])

    staff = site.as_(people.staff)
    assert pressed(staff.get(address(asked))) == "false"
    assert pressed(staff.send(f"{address(asked)}/follow", value="1").follow()) == "true"
    assert pressed(staff.send(f"{address(asked)}/follow", value="0").follow()) == "false"
    assert site.anybody().send(f"{address(asked)}/follow", value="1").leads_to == f"/login?next={address(asked)}"


def test_having_the_problem_too(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        thread = make.thread(session, people.asker)
    here, button = address(thread), "//form[contains(@action,'/me-too')]"
    other = site.as_(people.staff).get(here)
    assert other.words(button) == "I have this too"
    other.send(f"{here}/me-too", value="1").follow()
    assert "hear of every new answer" in other.words('//div[@class="toasts"]')
    assert other.words(button) == "I have this too 1 person has this problem too."
    assert other.page.xpath(f"{button}/button/@aria-pressed") == ["true"]
    assert site.as_(people.asker).get(here).words(button) == "1 person has this problem too."
    site.as_(people.asker).send(f"{here}/me-too", value="1", status=403)
    assert site.anybody().send(f"{here}/me-too", value="1").leads_to == f"/login?next={here}"
    assert other.send(f"{here}/me-too", value="0").follow().words(button) == "I have this too"


def test_a_question_that_waits_for_its_asker(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        thread = make.thread(session, people.asker)
    here, banner = address(thread), "//div[contains(@class,'banner')]"
    staff = site.as_(people.staff).get(here)
    staff.send(f"{here}/needs-info", value="1").follow()
    assert "Until then it is off the lists" in staff.words(banner)
    assert "Needs information" in staff.words("//div[@class='meta']")
    assert "asks you for more" in site.as_(people.asker).get(here).words(banner)
    assert not site.as_(people.peer).get(here).has("//form[contains(@action,'/needs-info')]")
    site.as_(people.peer).send(f"{here}/needs-info", value="1", status=403)
    site.as_(people.asker).send(f"{here}/reply", body="It is the blue one, of last year.")
    assert not staff.get(here).has(banner)


# Editing


def test_an_edit_is_kept_and_shown(site: Site, database: Database, people: People, answer: Post) -> None:
    peer = site.as_(people.peer).get(f"/p/{answer.id}/edit")
    assert peer.words("//textarea") == make.REPLY
    assert not peer.has("//input[@name='title']")
    peer.send(
        f"/p/{answer.id}/edit",
        body="Clean the big chute: when it is blocked the motor protects itself.",
        revision="1",
        comment="Which chute",
    )
    assert written(database, answer, people.peer).startswith("Clean the big chute")
    history = site.anybody().get(f"/p/{answer.id}/history")
    assert [found.text_content() for found in history.page.xpath("//ol/li[1]//ins")] == ["big "]
    assert not history.has("//ol/li[1]//del")
    assert "Which chute" in history.words("//ol/li[1]")
    assert history.words("//ol/li[2]//h2") == "First version"


def test_title_tags_and_text_of_a_thread(site: Site, people: People, asked: Thread, database: Database) -> None:
    with database.transaction() as session:
        opening = make.opening(session, asked)
    asker = site.as_(people.asker).get(f"/p/{opening.id}/edit")
    [category] = asker.page.xpath("//select[@name='category']/option[@selected]/@value")
    asker.send(
        f"/p/{opening.id}/edit",
        title="The grinder stops after twenty seconds",
        tags="motor, safety",
        body=make.BODY + " Why?",
        category=category,
        revision="1",
    )
    page = asker.get(asker.leads_to, status=302).follow()
    assert page.words("//h1") == "The grinder stops after twenty seconds"
    assert [tag.text for tag in page.page.xpath("//header//a[@class='tag']")] == ["motor", "safety"]
    history = site.anybody().get(asker.get(address(asked), status=301).leads_to + "/history")
    assert {found.text_content() for found in history.page.xpath("//li//ins")} == {"twenty", "motor", "safety", " Why?"}
    assert {found.text_content() for found in history.page.xpath("//li//del")} == {"ten", "grinder"}


def test_nothing_that_was_typed_is_lost_to_a_mistake(
    site: Site, database: Database, people: People, asked: Thread
) -> None:
    with database.transaction() as session:
        opening = make.opening(session, asked)
    page = site.as_(people.asker).send(
        f"/p/{opening.id}/edit", status=422, title="Short", tags="b@d", body="no", revision="1", comment="Hm"
    )
    assert page.page.xpath("//input[@name='title']/@value") == ["Short"]
    assert page.page.xpath("//input[@name='tags']/@value") == ["b@d"]
    assert page.page.xpath("//input[@name='comment']/@value") == ["Hm"]
    assert page.words("//textarea") == "no"
    assert {link.lstrip("#") for link in page.page.xpath("//div[@class='errors']//a/@href")} == {
        "title",
        "tags",
        "body",
    }


def test_two_who_edit_at_the_same_time(site: Site, database: Database, people: People, answer: Post) -> None:
    peer, other = site.as_(people.peer), site.as_(people.moderator)
    other.send(f"/p/{answer.id}/edit", body=make.REPLY + " Unplug it first.", revision="1", comment="Safety")
    page = peer.send(f"/p/{answer.id}/edit", status=409, body=make.REPLY + " Use a brush.", revision="1")
    theirs, yours = page.page.xpath("//div[@class='pair']/section")
    assert theirs.xpath("string(.//ins)") == " Unplug it first."
    assert "Use a brush." in yours.text_content()
    assert page.words("//textarea") == make.REPLY + " Use a brush."
    assert page.page.xpath("//input[@name='revision']/@value") == ["2"]
    assert written(database, answer, people.peer).endswith("Unplug it first.")
    peer.send(f"/p/{answer.id}/edit", body=make.REPLY + " Unplug it first. Use a brush.", revision="2")
    assert written(database, answer, people.peer).endswith("Use a brush.")


def test_who_may_not_edit(site: Site, people: People, answer: Post) -> None:
    refused = site.as_(people.asker).get(f"/p/{answer.id}/edit", status=403)
    assert "You need more reputation to edit what others wrote." in refused.words()
    site.as_(people.asker).send(f"/p/{answer.id}/edit", status=403, body="Mine now.", revision="1")
    assert site.anybody().get(f"/p/{answer.id}/edit", status=303).leads_to == f"/login?next=/p/{answer.id}/edit"
    site.as_(people.asker).get(f"/p/{answer.id}/delete", status=403)


def test_an_edit_of_another_s_words_wants_a_reason(site: Site, people: People, answer: Post) -> None:
    page = site.as_(people.moderator).send(
        f"/p/{answer.id}/edit", status=422, body="Something quite different.", revision="1"
    )
    assert page.page.xpath("//div[@class='errors']//a/@href") == ["#comment"]


# Looking after a thread


def test_closing_and_opening_again_stand_in_the_log(site: Site, people: People, asked: Thread) -> None:
    moderator = site.as_(people.moderator).get(f"{address(asked)}/close")
    page = moderator.send(f"{address(asked)}/close", status=422, text="short", reason="resolved", rule="0")
    assert page.words("//textarea") == "short"
    moderator.send(f"{address(asked)}/close", text="It was answered in full.", reason="resolved", rule="0")
    page = site.as_(people.peer).get(address(asked))
    assert "It was answered in full. (How the house works). Decided by a moderator" in page.words(
        "//div[contains(@class,'banner')]"
    )
    assert not page.has("//textarea")
    assert "This thread is closed" in page.words("//p[@class='note is-plain']")
    page.send(f"{address(asked)}/reply", status=403, body="One more word.")
    moderator.send(f"{address(asked)}/reopen", text="It happened again.", reason="reconsidered", rule="0")
    assert site.as_(people.peer).get(address(asked)).has("//textarea")


def test_who_may_not_close(site: Site, people: People, asked: Thread) -> None:
    site.as_(people.peer).get(f"{address(asked)}/close", status=403)
    site.as_(people.peer).send(
        f"{address(asked)}/close", status=403, text="Because I say so, that is why.", reason="other", rule="0"
    )
    assert site.anybody().send(f"{address(asked)}/close", text="Because I say so.").leads_to.startswith("/login")
