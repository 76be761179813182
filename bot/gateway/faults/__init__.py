"""Make the simulated gateway misbehave as real ones do: faults are data, on the market's own time, fixed by a seed."""
