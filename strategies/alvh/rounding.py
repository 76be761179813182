"""Allow for the rounding of binary fractions where a computed number meets a limit or is cut to whole contracts."""

TOLERANCE = 1e-9  # keeps 7.999999999999 of a lot from becoming 7 where the arithmetic meant 8
