"""The community itself: members, threads, ideas, articles, search, notifications and exchange."""
