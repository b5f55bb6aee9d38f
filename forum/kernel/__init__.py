"""The ground floor: settings, database, outbox, jobs, access, Markdown, clock. No word of the domain."""
