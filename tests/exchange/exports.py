"""Small Discourse exports, made on the spot."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SITE = "forum.cookies.example"
AT = "2021-05-0{}T10:00:00.000Z"


def said(number: int, text: str = "", **more: Any) -> dict[str, Any]:
    """A post; its likes, if any, as `likes`."""
    likes = more.pop("likes", 0)
    cooked = more.pop("cooked", f"<p>{text or f'Post {number}.'}</p>")
    values = {
        "post_number": number,
        "username": "ada",
        "name": "Ada L.",
        "user_id": 5,
        "post_type": 1,
        "created_at": AT.format(min(number, 9)),
        "updated_at": AT.format(9),
        "version": 1,
        "cooked": cooked,
        "actions_summary": [{"id": 2, "count": likes}, {"id": 8, "count": 7}],
        "avatar_template": f"/user_avatar/{SITE}/ada/{{size}}/1.png",
    }
    return values | more


def topic(id_: int, *posts: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A topic as `/t/<id>.json` tells it. Its posts get ids."""
    numbered = [{"id": id_ * 100 + post["post_number"]} | post for post in posts or (said(1),)]
    values = {
        "id": id_,
        "title": f"Title of {id_}",
        "slug": f"title-of-{id_}",
        "category_id": 3,
        "created_at": AT.format(1),
        "archetype": "regular",
        "visible": True,
        "closed": False,
        "post_stream": {"posts": numbered, "stream": [post["id"] for post in numbered]},
    }
    return values | more


def write(folder: Path, *topics: Mapping[str, Any], raw: Mapping[int, str] | None = None, **files: Any) -> Path:
    """A folder with a file for each topic, its Markdown, and whatever else, as JSON by its name."""
    folder.mkdir(parents=True, exist_ok=True)
    for each in topics:
        (folder / f"{each['slug']}.{each['id']}.json").write_text(json.dumps(each))
    for topic_id, text in (raw or {}).items():
        (folder / f"title.{topic_id}.md").write_text(text)
    for name, value in files.items():
        (folder / f"{name}.json").write_text(json.dumps(value))
    return folder


def typed(*bodies: str) -> str:
    """What `/raw/<id>` answers for a topic with these posts."""
    line = "-" * 25
    return "".join(
        f"ada | 2021-05-01 10:00:00 UTC | #{number}\n\n{body}\n\n{line}\n\n" for number, body in enumerate(bodies, 1)
    )
