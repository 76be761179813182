"""Make the simulated gateway misbehave as real ones do: faults are data, on the market's own time, fixed by a seed."""

from bot.gateway.faults.catalogue import KINDS, check
from bot.gateway.faults.files import faults_as_toml, faults_from, read_faults
from bot.gateway.faults.records import Fault, FaultNote

__all__ = ["KINDS", "Fault", "FaultNote", "check", "faults_as_toml", "faults_from", "read_faults"]
