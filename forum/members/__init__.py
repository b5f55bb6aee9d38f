"""Who somebody is: accounts, groups, affiliation, sign-in, tokens, standing."""
