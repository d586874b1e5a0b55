"""What the lake holds, and how: raw observations, frames, imports, what was published, what was damaged or held."""
