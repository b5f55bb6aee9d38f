"""The words that screens and the command line use for what the sync keeps as codes."""

from forum.kernel.errors import N_

KINDS = {"case": N_("Case"), "idea": N_("Idea"), "article": N_("Article")}

STATES = {
    "waiting": N_("Waiting"),
    "running": N_("On its way"),
    "unsure": N_("Unsure"),
    "done": N_("Delivered"),
    "held": N_("Waits for a choice"),
    "parked": N_("Could not be delivered"),
}

REASONS = {
    "created": N_("Made over there"),
    "updated": N_("Changed over there"),
    "unchanged": N_("Nothing to change"),
    "adopted": N_("Found over there and taken as ours"),
    "withdrawn": N_("Taken back"),
    "withheld": N_("Not sent: the public does not see it"),
    "superseded": N_("Replaced by a later change"),
    "let-go": N_("Let go by a person"),
    "later": N_("Put off"),
    "unsure": N_("No answer"),
    "lost": N_("Worker lost"),
    "unauthorised": N_("Not let in"),
    "refused": N_("Refused"),
    "gone": N_("Deleted over there"),
    "conflict": N_("Changed over there"),
    "ambiguous": N_("Several could be meant"),
    "fault": N_("A fault in this software"),
}

STEPS = REASONS | {
    "written": N_("Written here, in the same moment as the change"),
    "claimed": N_("Picked up by a worker"),
    "called": N_("Sending"),
    "looked": N_("Looked: not there yet"),
    "found": N_("Looked: it is there already"),
    "merged": N_("Followed a merge over there"),
    "parked": N_("Given up. Waiting for you"),
    "replayed": N_("Tried again by a person"),
}
