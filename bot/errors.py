"""Name errors by what the operator must do.

```
AlvhError            every error this program raises on purpose; str(error) is one clear line
├── UsageProblem     wrong command line, settings or data file: mend it and start again      (exit 2)
├── Refuse           this proposal dies, the journal says why                                 (exit 3)
│   └── NotSent      the same, of an order of which surely nothing left
├── Unreachable      the broker cannot be reached                                             (exit 4)
├── Retry            a read or a connection failed in a way that may pass: try again
├── Halt             stop opening and page a human                                            (exit 1)
└── Bug              the program contradicted itself: stop opening and report it               (exit 1)
```
"""

from __future__ import annotations


class AlvhError(Exception):
    """Carry one clear line: what was seen, what was expected, what to do."""

    exit_code = 1


class UsageProblem(AlvhError):
    """Say that the command line, the settings or a data file must be mended."""

    exit_code = 2


class Refuse(AlvhError):
    """Say that a guard or an interlock refused."""

    exit_code = 3


class NotSent(Refuse):
    """Say that an order was stopped before anything of it left: there is nothing to read about."""


class Unreachable(AlvhError):
    """Say that the broker cannot be reached."""

    exit_code = 4


class Retry(AlvhError):
    """Say that a read or a connection failed and may be tried again."""


class Halt(AlvhError):
    """Say that opening must stop until a human has looked."""


class Bug(AlvhError):
    """Say that the program contradicted itself."""
