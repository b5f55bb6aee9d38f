"""A cursor is not signed: whoever makes one up is shown another place of the list, never an error of ours."""

import pytest

from forum.kernel.paging import encode_cursor
from tests.security.conftest import People
from tests.web.pages.visiting import Site

FAR = (2**63 - 1, -(2**63), 2**31, -(2**31) - 1, 0)
LISTS = (  # path, how many parts its cursor has
    ("/", 2), ("/ideas", 2), ("/ideas?sort=new", 2), ("/tags/grinder", 2), ("/transparency", 1), ("/notifications", 1),
    ("/api/v1/threads", 2), ("/api/v1/articles", 1), ("/api/v1/notifications", 1), ("/api/v1/moderation/log", 1),
    ("/api/v1/moderation/queue", 2), ("/m/{handle}?tab=answers", 1), ("/m/{handle}?tab=questions", 2),
    ("/api/v1/members/{handle}/reputation", 1),
)  # fmt: skip


@pytest.mark.parametrize(("path", "parts"), LISTS)
def test_no_place_is_too_far(site: Site, people: People, path: str, parts: int) -> None:
    moderator = site.as_(people.moderator)
    address = path.replace("{handle}", people.moderator.handle)
    for number in FAR:
        cursor = encode_cursor(*[number] * parts)
        answer = moderator.client.get(f"{address}{'&' if '?' in address else '?'}cursor={cursor}")
        assert answer.status_code in (200, 400, 404, 422), (number, answer.text)
