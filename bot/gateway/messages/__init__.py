"""The TWS messages this gateway knows, each stated once and used both to parse and to build."""
