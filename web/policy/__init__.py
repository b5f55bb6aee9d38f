"""Who may do what, and who sees what: the one table of the house, as data.

`words` says how a row is written, `states` what may be seen of a thing in which state by whom; `reading`, `taking_part`,
`accounts`, `moderation` and `company` hold the rows; `table` puts them together and answers; `lint` holds routes and rows
together; `document` makes docs/permissions.md of it (`python -m web.policy write`). Nothing here decides at run time: the
`may_…` functions and `visible_to` do, and the tests under tests/permissions compare every cell with what the routes answer.
"""
