"""The content of the lake: raw observations, frames, imports, publications, damaged and quarantined files."""
