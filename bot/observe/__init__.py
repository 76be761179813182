"""Turn what the broker says into the view and the book that the method decides on; missing stays missing."""

from bot.observe.observer import Observer
from bot.observe.settings import Sight

__all__ = ["Observer", "Sight"]
