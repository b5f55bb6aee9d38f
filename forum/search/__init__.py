"""Finding threads and articles, behind one port."""
