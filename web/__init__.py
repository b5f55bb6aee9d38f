"""The top floor: pages, API, feeds, command line and worker start-up."""
