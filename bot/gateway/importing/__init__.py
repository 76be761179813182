"""Turn tables of recorded or published figures into scenarios."""
