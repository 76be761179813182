"""Answer what clients ask: one desk a subject, each a table from request id to the method that answers it."""
