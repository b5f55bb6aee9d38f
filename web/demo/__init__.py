"""The demo community: what a newcomer finds on a fresh installation. Everything in it is invented."""
