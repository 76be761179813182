"""Ask what the bot would do at a market that is told instead of observed: no broker, no journal, the same rules."""
