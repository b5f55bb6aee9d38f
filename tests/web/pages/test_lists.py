"""The front page, categories, tags, ideas and the roadmap."""

import pytest

from forum.ideas import proposing
from forum.kernel.access import ANONYMOUS
from forum.kernel.db import Database
from forum.kernel.paging import encode_cursor
from forum.kernel.settings import Settings
from forum.members.actors import SYSTEM
from forum.threads import answers, categories, editing, lists, places, replying, voting
from forum.threads import tags as tagging
from forum.threads.tables import Category, Thread
from moderation.decisions import Ruling, decide
from tests.forum import making as make
from tests.servers import postgres
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site, Visitor, opened_site


def titles(page: Visitor) -> list[str]:
    return [title.text for title in page.page.xpath("//ol[@class='threads']//h2/a | //ol[@class='ideas']//h2/a")]


@pytest.fixture(scope="module")
def place(database: Database, people: People) -> Category:
    """A category with a solved question, an open one, a discussion and an announcement, in this order of age."""
    with database.transaction() as session:
        made = make.category(session, name="Kettles & pots", description="What whistles.")
        solved = make.thread(session, people.asker, made, title="The solved question of old", tags=["lid"])
        answers.accept(session, people.asker, post_id=make.reply(session, solved, people.peer).id)
        make.thread(session, people.asker, made, title="The open question of today", tags=["lid", "c++"])
        make.thread(session, people.peer, made, kind="discussion", title="The discussion of everything")
        told = make.thread(session, people.staff, made, kind="announcement", title="The announcement of the year")
        voting.vote(session, people.asker, post_id=make.opening(session, told).id, value=1)
        return made


def test_a_category_in_each_order(site: Site, place: Category) -> None:
    path = f"/c/{place.slug}"
    latest = site.anybody().get(path)
    assert latest.words("//h1") == "Kettles & pots"
    assert titles(latest)[0] == "The announcement of the year"
    assert titles(site.anybody().get(f"{path}?sort=top"))[0] == "The announcement of the year"
    assert titles(site.anybody().get(f"{path}?sort=unanswered")) == ["The open question of today"]
    assert titles(site.anybody().get(f"{path}?state=solved")) == ["The solved question of old"]
    assert titles(site.anybody().get(f"{path}?kind=discussion")) == ["The discussion of everything"]
    assert titles(site.anybody().get(f"{path}?kind=question&state=open")) == ["The open question of today"]
    assert latest.page.xpath("//nav[@class='tabs']/a[@aria-current]/@href") == [path]


def test_a_filter_is_a_form_that_remembers(site: Site, place: Category) -> None:
    page = site.anybody().get(f"/c/{place.slug}?sort=newest&kind=question&state=")
    assert page.page.xpath("//form[@class='bar gap']//option[@selected]/@value") == ["question", ""]
    assert page.page.xpath("//form[@class='bar gap']//input[@type='hidden']/@value") == ["newest"]
    assert page.page.xpath("//link[@rel='canonical']/@href") == [f"http://127.0.0.1:8000/c/{place.slug}"]


def test_nothing_there_says_so(site: Site, database: Database, place: Category) -> None:
    with database.transaction() as session:
        empty = make.category(session)
    assert "Nobody has asked here yet" in site.anybody().get(f"/c/{empty.slug}").words("//div[@class='empty']")
    assert "Nothing matches" in site.anybody().get(f"/c/{place.slug}?state=closed").words("//div[@class='empty']")


@pytest.mark.parametrize("path", ["/c/nowhere", "/tags/nothing", "/c/NOWHERE"])
def test_a_place_that_does_not_exist(site: Site, path: str) -> None:
    site.anybody().get(path, status=404)


@pytest.mark.parametrize("query", ["sort=wrong", "kind=wrong", "state=wrong", "cursor=wrong"])
def test_an_address_that_means_nothing(site: Site, place: Category, query: str) -> None:
    site.anybody().get(f"/c/{place.slug}?{query}", status=422)


@pytest.mark.parametrize("place_in_list", [(2**62, 1), (-(2**63), 2**63 - 1)])
@pytest.mark.parametrize("path", ["/?cursor=", "/?sort=top&cursor=", "/ideas?cursor=", "/ideas?sort=new&cursor="])
def test_a_place_in_a_list_that_nobody_was_led_to(site: Site, path: str, place_in_list: tuple[int, int]) -> None:
    site.anybody().get(path + encode_cursor(*place_in_list))


def test_pages_follow_each_other(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        made = make.category(session)
        for number in range(45):
            make.thread(session, people.asker, made, title=f"Question of the kettle number {number:02}")
    page, seen = site.anybody().get(f"/c/{made.slug}"), []
    while True:
        seen += titles(page)
        older = page.page.xpath("//nav[@class='pager']/a[@rel='next']/@href")
        if not older:
            break
        page.get(older[0])
    assert seen == [f"Question of the kettle number {number:02}" for number in reversed(range(45))]
    assert page.page.xpath("//nav[@class='pager']/a[not(@rel)]/@href") == [f"/c/{made.slug}"]


def test_rows_say_who_spoke_last_and_as_whom(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        made = make.category(session)
        asked = make.thread(session, people.asker, made)
        make.reply(session, asked, people.staff)
    row = site.anybody().get(f"/c/{made.slug}").page.xpath("//ol[@class='threads']/li")[0]
    assert people.staff.name in row.xpath("string(p[@class='last'])")
    assert len(row.xpath(".//span[@class='face house s']")) == 1
    with database.transaction() as session:
        taken_back = make.reply(session, session.get_one(Thread, asked.id), people.peer)
        editing.delete_post(session, people.peer, post_id=taken_back.id)
    row = site.anybody().get(f"/c/{made.slug}?sort=newest").page.xpath("//ol[@class='threads']/li")[0]
    assert people.asker.name in row.xpath("string(p[@class='last'])")


def test_the_front_page(site: Site, database: Database, place: Category) -> None:
    places.recount_categories(database)
    page = site.anybody().get("/")
    bay = page.page.xpath(f"//ul[@class='arcade']//a[@href='/c/{place.slug}']")[0]
    assert " ".join(bay.text_content().split()) == "Kettles & pots 1 open"
    with database.reading() as connection:
        waiting = [line.title for line in lists.waiting_longest(connection, ANONYMOUS)]
    assert waiting
    assert [link.text for link in page.page.xpath("//aside/section[1]//a")] == waiting
    assert [tab.text for tab in page.page.xpath("//nav[@class='tabs']/a")] == ["Latest", "Unanswered", "Top"]
    assert "The solved question of old" not in titles(site.anybody().get("/?sort=unanswered"))


def test_the_front_page_hides_what_is_not_for_everybody(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        inside = make.category(session, name="The back room", audience=2, openers=2)
        make.thread(session, people.staff, inside, title="A plan that nobody knows yet")
    for visitor in (site.anybody(), site.as_(people.asker)):
        page = visitor.get("/?sort=latest")
        assert "The back room" not in page.text
        assert "A plan that nobody knows yet" not in page.text
    assert "A plan that nobody knows yet" in titles(site.as_(people.staff).get("/"))


def test_a_change_is_on_the_kept_front_page_at_once(settings: Settings, database: Database, people: People) -> None:
    with opened_site(settings, database) as fresh:
        first = fresh.anybody().get("/")
        with fresh.counting() as seen:
            assert fresh.anybody().get("/").text == first.text
        assert len(seen) == 1
        with database.transaction() as session:
            make.thread(session, people.asker, title="Something that nobody has asked")
        assert titles(fresh.anybody().get("/"))[0] == "Something that nobody has asked"


def test_tags(site: Site, database: Database, people: People, place: Category) -> None:
    with database.transaction() as session:
        tagging.describe(session, people.moderator, name="lid", description="What *closes* a kettle.\nAnd more.")
    page = site.anybody().get("/tags")
    assert page.page.xpath("//a[@class='tag'][text()='c++']/@href") == ["/tags/c++"]
    assert "What *closes* a kettle." in page.words("//ul[@class='grid']")
    assert [tag.text for tag in site.anybody().get("/tags?q=Li").page.xpath("//ul[@class='grid']//a")] == ["lid"]
    assert "No tag begins like that" in site.anybody().get("/tags?q=zz").words()
    lid = site.anybody().get("/tags/lid")
    assert set(titles(lid)) == {"The solved question of old", "The open question of today"}
    assert lid.has("//header//em[text()='closes']")
    assert titles(site.anybody().get("/tags/c++")) == ["The open question of today"]
    assert site.anybody().get("/tags/Lid?sort=top", status=301).leads_to == "/tags/lid?sort=top"


# Ideas


@pytest.fixture
def ideas(database: Database, people: People) -> list[Thread]:
    """A new idea and a planned one, which has more votes."""
    with database.transaction() as session:
        made = make.category(session)
        new, planned = (
            proposing.propose(
                session, people.asker, category=made.slug, title=title, body="It would save me a minute each day."
            )
            for title in (f"A kettle with two spouts {made.id}", f"A kettle without any spout {made.id}")
        )
        voting.vote(session, people.peer, post_id=make.opening(session, planned).id, value=1)
        ruling = Ruling(
            action="idea-status", target_kind="thread", target_id=planned.id, reason_code="answer",
            text="We plan it for spring.", status="planned", comment="We plan it for **spring**.",
        )  # fmt: skip
        decide(session, people.staff, ruling)
        return [new, planned]


def test_ideas_with_the_company_s_words(site: Site, people: People, ideas: list[Thread]) -> None:
    new, planned = (idea.title for idea in ideas)
    page = site.anybody().get("/ideas")
    assert titles(page).index(planned) < titles(page).index(new)
    said = page.page.xpath(f"//ol[@class='ideas']/li[.//a[text()='{planned}']]//p[@class='said']")
    assert "We plan it for spring." in said[0].text_content()
    assert titles(site.anybody().get("/ideas?sort=new"))[0] == planned
    assert new in titles(site.anybody().get("/ideas?status=new"))
    assert planned not in titles(site.anybody().get("/ideas?status=new"))
    assert planned in titles(site.as_(people.peer).get("/ideas?mine=1"))
    assert new not in titles(site.as_(people.peer).get("/ideas?mine=1"))
    assert site.anybody().get("/ideas?mine=1", status=303).leads_to.startswith("/login?next=/ideas")
    assert "No idea is like that" in site.anybody().get("/ideas?status=shipped").words()


def test_the_arch_is_the_vote(site: Site, people: People, ideas: list[Thread]) -> None:
    path = f"//ol[@class='ideas']/li[.//a[text()='{ideas[0].title}']]//form"
    peer = site.as_(people.peer).get("/ideas?status=new")
    [form] = peer.page.xpath(path)
    assert form.xpath("button/@aria-pressed") == ["false"]
    peer.send(
        form.get("action"), value=form.xpath("button/@value")[0], next=form.xpath("input[@name='next']/@value")[0]
    )
    assert peer.leads_to == "/ideas?status=new"
    assert peer.follow().page.xpath(f"{path}/button/@aria-pressed") == ["true"]
    assert site.as_(people.asker).get("/ideas").page.xpath(f"{path}/button/@disabled")


def test_the_roadmap(site: Site, ideas: list[Thread]) -> None:
    page = site.anybody().get("/ideas/roadmap")
    bays = [bay.text.strip() for bay in page.page.xpath("//section/h2")]
    assert bays == ["Under review", "Planned", "In progress", "Shipped"]
    assert ideas[1].title in page.words("//section[contains(@class,'is-planned')]")
    assert "We plan it for spring." in page.words("//section[contains(@class,'is-planned')]")


def test_staff_answer_an_idea(site: Site, people: People, ideas: list[Thread]) -> None:
    new = ideas[0]
    path = f"/t/{new.id}/{new.slug}"
    staff = site.as_(people.staff).get(f"{path}/status")
    assert staff.words("//p[@class='meta']") == "Now: New"
    refused = staff.send(f"{path}/status", status=422, status_="declined", comment="")
    assert refused.page.xpath("//div[@class='errors']//a/@href") == ["#comment"]
    assert refused.page.xpath("//select[@name='status']/option[@selected]/@value") == ["declined"]
    staff.send(f"{path}/status", status_="declined", comment="No: it would pour on *both* sides.")
    page = staff.follow()
    assert "Declined" in page.words("//header/div[@class='meta']")
    assert page.words("//div[@class='said']//em") == "both"
    staff.send(f"{path}/status", status_="under_review", comment="")
    assert "Under review" in staff.follow().words("//header/div[@class='meta']")
    site.as_(people.peer).get(f"{path}/status", status=403)
    site.as_(people.peer).send(f"{path}/status", status=403, status_="shipped", comment="It is there already.")


@pytest.mark.parametrize("path", ["/", "/ideas", "/ideas/roadmap", "/tags", "/tags/lid"])
def test_six_selects_at_most(site: Site, people: People, place: Category, ideas: list[Thread], path: str) -> None:
    with site.counting() as seen:
        site.as_(people.peer).get(path)
    assert 0 < len(seen) <= 6


def test_the_word_for_the_last_change(database: Database, people: People) -> None:
    with database.reading() as connection:
        first = database.last_change(connection)
        assert database.last_change(connection) == first
        with database.transaction() as session:
            asked = make.thread(session, people.asker)
        second = database.last_change(connection)
        assert second != first
    with database.reading() as another:
        assert database.last_change(another) == second
    with database.transaction() as session:
        replying.reply(session, people.peer, thread_id=asked.id, body="Something else is new.")
    with database.reading() as connection:
        assert database.last_change(connection) != second


def test_a_change_that_began_earlier_and_ended_later_is_seen(
    postgres_server: postgres.Server, postgres_template: str
) -> None:
    name = postgres_server.create(postgres_template)
    database = Database(postgres_server.url_of(name))
    with database.engine.connect() as early, database.reading() as reading:
        early.exec_driver_sql("INSERT INTO schedule (name, every_seconds, next_at) VALUES ('early', 1, 1)")
        with database.transaction() as session:
            make.category(session)
        between = database.last_change(reading)
        early.commit()
        assert database.last_change(reading) != between
    database.dispose()
    postgres_server.drop(name)


def test_a_renamed_category_is_found_where_it_stood_by_whoever_sees_it(site: Site, database: Database) -> None:
    with database.transaction() as session:
        place, inner = (
            make.category(session, slug="kettles-of-old"),
            make.category(session, slug="inner-of-old", audience=1),
        )
        for slug in ("kettles-between", "kettles-now"):
            categories.edit(session, SYSTEM, category_id=place.id, slug=slug)
        categories.edit(session, SYSTEM, category_id=inner.id, slug="inner-now")
        member = make.member(session)
    visitor = site.anybody()
    for former in ("kettles-of-old", "kettles-between"):
        assert visitor.get(f"/c/{former}?sort=top", status=301).leads_to == "/c/kettles-now?sort=top"
        assert visitor.get(f"/feeds/c/{former}", status=301).leads_to == "/feeds/c/kettles-now"
        assert visitor.get(f"/help?category={former}", status=301).leads_to == "/help?category=kettles-now"
        visitor.follow()
    for path in ("/c/inner-of-old", "/feeds/c/inner-of-old", "/help?category=inner-of-old"):
        visitor.get(path, status=404)
    assert site.as_(member).get("/c/inner-of-old", status=301).leads_to == "/c/inner-now"


def test_an_address_that_is_used_again_leads_nowhere_else(site: Site, database: Database) -> None:
    with database.transaction() as session:
        place = make.category(session, slug="first-home", name="The first")
        categories.edit(session, SYSTEM, category_id=place.id, slug="second-home")
        make.category(session, slug="first-home", name="The heir")
    assert site.anybody().get("/c/first-home").words("//h1") == "The heir"
    with database.transaction() as session:
        categories.edit(session, SYSTEM, category_id=place.id, slug="third-home")
        categories.edit(session, SYSTEM, category_id=place.id, slug="second-home")
    assert site.anybody().get("/c/second-home").words("//h1") == "The first"
    assert site.anybody().get("/c/third-home", status=301).leads_to == "/c/second-home"
