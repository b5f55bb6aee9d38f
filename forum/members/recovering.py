"""A new password for who has forgotten theirs, by a key that goes to their address."""

from sqlalchemy.orm import Session

from forum.kernel.errors import Invalid
from forum.members import accounts, joining, mailed_keys, mailing, passwords
from forum.members.keys import checked_address


def ask(session: Session, *, mail: str) -> None:
    """Have a key sent, if the address is somebody's. Nothing is looked up here, so nothing tells whether it is.

    Raises:
        Invalid: (field "mail") what was typed is not one address.
    """
    mailing.queue_typed(session, kind="reset", address=checked_address(mail))


def reset(session: Session, *, key: str, new: str, keep_tokens: bool = False) -> int:
    """Set a new password with the key; returns whose it is. The address is theirs from now on, if it was not confirmed before.

    Every session ends, and every token unless they are to be kept. Nobody is signed in.

    Raises:
        Invalid: (field "new") the password will not do; the key stays good.
        Gone: the key is not good any more.
    """
    try:
        passwords.checked(new)
    except Invalid as refusal:
        raise Invalid({"new": refusal.fields["password"]}) from None
    token = mailed_keys.use(session, purpose="reset", key=key)
    member_id, address = token.member_id, token.address
    joining.own(session, member_id=member_id, address=address)
    accounts.set_password(session, member_id=member_id, new=new, keep_tokens=keep_tokens)
    return member_id
