"""Stack Exchange data dumps: reading their XML and writing their history into the forum."""
