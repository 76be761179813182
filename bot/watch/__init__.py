"""Look after the bot from outside its decisions: page a human, show signs of life, and notice silence."""
