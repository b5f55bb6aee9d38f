"""Settings: what one is to the company without belonging to it, and the administrator who confirms it."""

from forum.kernel.db import Database
from tests.forum import making as make
from tests.web.pages.conftest import People
from tests.web.pages.visiting import Site


def test_a_partner_says_so_and_an_administrator_confirms_it(site: Site, database: Database, people: People) -> None:
    with database.transaction() as session:
        person, administrator = make.member(session), make.administrator(session)
    partner, admin = site.as_(person), site.as_(administrator)
    partner.get("/settings")
    refused = partner.send("/settings/bond", status=422, kind="", organisation="Rossi Macchine")
    assert refused.page.xpath("//input[@name='organisation']/@value") == ["Rossi Macchine"]
    partner.get("/settings")
    partner.send("/settings/bond", kind="partner", organisation="Rossi Macchine")
    assert "Not confirmed yet" in partner.get("/settings").words("//section[@id='bond']")
    assert "declared by themselves" in site.anybody().get(f"/m/{person.handle}").words()
    page = f"/admin/people/{person.handle}"
    assert "Rossi Macchine" in admin.get(page).words()
    admin.get(page)
    assert page in admin.get("/admin").page.xpath("//section[@id='bonds']//a/@href")
    admin.send(f"{page}/bond", do="confirm")
    assert page not in admin.get("/admin").page.xpath("//section[@id='bonds']//a/@href")
    assert "Rossi Macchine · confirmed" in partner.get(f"/m/{person.handle}").words()
    assert "Confirmed" in partner.get("/settings").words("//section[@id='bond']")
    partner.get("/settings")
    partner.send("/settings/bond", kind="partner", organisation="Rossi Macchine", none="1")
    assert "Rossi" not in partner.get(f"/m/{person.handle}").words()
    admin.get(page)
    admin.send(f"{page}/bond", status=409, do="end")


def test_whoever_belongs_to_the_company_is_not_asked(site: Site, people: People) -> None:
    assert not site.as_(people.staff).get("/settings").has("//section[@id='bond']")
