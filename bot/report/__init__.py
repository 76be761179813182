"""Tell what a run did: story, summary, page and live view, all from the journal."""
