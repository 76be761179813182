"""State every setting of the program: its name, meaning, range and default, in groups."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field as Key
from pydantic import SecretStr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.policy_keys import HARD_ORDER_MINIS, HARD_POSITION_MINIS, Part, PolicySettings

ENV_PREFIX = "ALVH_"
NESTED = "__"


class Mode(StrEnum):
    """Name the ways to run; each has its own journal."""

    DEMO = "demo"
    DRY_RUN = "dry-run"
    PAPER = "paper"
    LIVE = "live"


class ConnectionSettings(Part):
    """Where the broker's gateway listens and how long to wait for it."""

    host: str = Key(default="127.0.0.1", min_length=1, description="address of TWS or IB Gateway")
    port: int = Key(default=7497, ge=1, le=65535, description="7497 and 4002 are paper ports, 7496 and 4001 live ones")
    client_id: int = Key(
        default=17, ge=1, le=9999, description="fixed number of this bot at the gateway; never 0, never shared"
    )
    account: str = Key(
        default="",
        pattern=r"^([A-Z]{1,3}[0-9]{3,12})?$",
        description="account to trade; empty: the only one the gateway offers",
    )
    timeout_s: float = Key(default=10.0, ge=0.5, le=120.0, description="seconds to wait for the answer to one request")
    attempts: int = Key(
        default=3, ge=1, le=100, description="attempts to connect before the gateway counts as unreachable"
    )
    pause_s: float = Key(
        default=1.0, ge=0.0, le=60.0, description="seconds before the second attempt; later pauses grow"
    )


class JournalSettings(Part):
    """Where the journal is kept."""

    folder: str = Key(default="var", min_length=1, description="folder of journals, inbox, kill switch and reports")
    url: SecretStr = Key(
        default=SecretStr(""),
        description="SQLAlchemy address of another database; empty: one SQLite file per mode and account; secret",
    )
    durable: bool = Key(default=True, description="wait until an entry is on the disk before acting on it")
    part_mb: int = Key(
        default=64, ge=0, le=10_000, description="megabytes after which the journal goes on in a new file; 0: never"
    )


class OrderSettings(Part):
    """How an order walks from the middle of the market to the far side, and how long answers may take."""

    entry_rung_s: float = Key(
        default=20.0, ge=1.0, le=300.0, description="seconds at one price before a buy goes to the next"
    )
    entry_cancel_s: float = Key(
        default=90.0, ge=5.0, le=900.0, description="seconds after which the rest of a buy is cancelled"
    )
    unwind_rung_s: float = Key(
        default=60.0, ge=1.0, le=600.0, description="seconds at one price before a sale goes to the next"
    )
    ack_s: float = Key(
        default=10.0, ge=1.0, le=120.0, description="seconds without acknowledgement that make an outcome unknown"
    )
    cancel_ack_s: float = Key(
        default=30.0, ge=1.0, le=300.0, description="seconds without an answer to a cancel, likewise"
    )
    read_again_s: float = Key(
        default=20.0, ge=1.0, le=300.0, description="seconds between readings while an outcome is unknown"
    )
    gone_after_readings: int = Key(
        default=3, ge=2, le=20, description="readings without a trace before an order counts as gone"
    )
    gone_after_s: float = Key(
        default=60.0, ge=10.0, le=900.0, description="seconds without a trace before it counts as gone"
    )
    sell_through_ticks: int = Key(
        default=2, ge=0, le=20, description="ticks below the bid at which a sale's third price stands"
    )
    reconcile_minutes: float = Key(
        default=15.0,
        ge=1.0,
        le=120.0,
        description="minutes between comparisons with the account in a session, while anything is owned or working",
    )
    before_open_minutes: float = Key(
        default=10.0, ge=1.0, le=30.0, description="minutes before the open at which everything is compared once"
    )
    after_close_minutes: float = Key(
        default=5.0, ge=1.0, le=50.0, description="minutes after the close at which everything is compared once"
    )


class GuardSettings(Part):
    """Limits that stand between a decision and the broker, whatever the method says."""

    max_order_minis: int = Key(default=10, ge=1, le=HARD_ORDER_MINIS, description="largest single order, minis")
    max_position_minis: int = Key(
        default=30, ge=1, le=HARD_POSITION_MINIS, description="largest hedge, minis, working orders included"
    )
    max_bought_share: float = Key(
        default=2.0, ge=1.0, le=5.0, description="most bought in one session, as a multiple of the largest hedge"
    )
    collar_ticks: int = Key(
        default=2, ge=0, le=20, description="ticks beyond the far side of the market a limit may stand"
    )
    collar_mid_share: float = Key(
        default=0.03, ge=0.001, le=0.10, description="distance from the middle a limit may stand"
    )
    collar_settle_share: float = Key(
        default=0.40, ge=0.05, le=1.0, description="distance from the last settlement a limit may stand"
    )
    messages_per_minute: int = Key(default=5, ge=1, le=30, description="orders and cancels sent in one minute")
    messages_per_day: int = Key(default=60, ge=1, le=500, description="orders and cancels sent in 24 hours")
    reserve_per_minute: int = Key(default=2, ge=1, le=20, description="of those, kept for reducing risk")
    reserve_per_day: int = Key(default=20, ge=1, le=200, description="of those, kept for reducing risk")
    duplicate_s: float = Key(
        default=60.0, ge=1.0, le=3600.0, description="seconds in which a second order alike is refused"
    )
    repeat_fills: int = Key(default=3, ge=1, le=50, description="fills on one side after which opening pauses")
    repeat_s: float = Key(default=600.0, ge=10.0, le=7200.0, description="seconds over which those fills are counted")
    quote_age_s: float = Key(
        default=10.0, ge=1.0, le=60.0, description="largest age of the quote an order is priced from"
    )
    loss_unwind_share: float = Key(
        default=0.01,
        ge=0.001,
        le=0.20,
        description="hedge loss of the day, share of net liquidation, that ends opening",
    )
    loss_kill_share: float = Key(
        default=0.02,
        ge=0.001,
        le=0.40,
        description="hedge loss of the day, share of net liquidation, that pulls the kill switch",
    )
    max_price: float = Key(
        default=200.0, ge=20.0, le=500.0, description="VX price above which a quote is not believed, points"
    )
    max_order_calls: int = Key(default=10, ge=1, le=50, description="largest single order of VIX calls, contracts")
    max_event_calls: int = Key(default=10, ge=1, le=50, description="most event calls held, working orders included")
    max_core_calls: int = Key(default=40, ge=1, le=200, description="most calls of the core layer held, likewise")
    event_premium_share: float = Key(
        default=0.0025, ge=0.0, le=0.01, description="premium for one event, share of net liquidation"
    )
    month_premium_share: float = Key(
        default=0.01, ge=0.0, le=0.02, description="premium for all events of a calendar month, likewise"
    )
    core_premium_share: float = Key(
        default=0.02, ge=0.0, le=0.03, description="premium of the core layer in 365 days, likewise"
    )
    call_mid_share: float = Key(
        default=0.50, ge=0.05, le=0.90, description="distance under the middle at which calls may still be sold"
    )


class CalendarSettings(Part):
    """Where scheduled releases and their surprises are read from."""

    events_file: str = Key(default="", description="CSV of scheduled releases; empty: the one that is shipped")
    surprises_file: str = Key(
        default="", description="CSV of date, event, actual, consensus that you keep; empty: surprises are unknown"
    )


class ContextSettings(Part):
    """Where the numbers of the background come from; what they mean stands under policy.context."""

    from_broker: bool = Key(
        default=True, description="ask the broker for funds of the sectors and of corporate bonds (context)"
    )
    file: str = Key(
        default="", description="CSV of name, value, z, as_of, source that you keep; empty: none (see the guide)"
    )


class ConsentSettings(Part):
    """How a human is asked in live mode."""

    deadline_s: float = Key(default=90.0, ge=10.0, le=900.0, description="seconds in which a yes counts; silence is no")
    reducing_is_automatic: bool = Key(default=True, description="let orders that only reduce risk go without asking")


class PageForm(StrEnum):
    """Name how a service that takes pages wants to be told."""

    AUTO = "auto"
    PLAIN = "plain"
    SLACK = "slack"
    DISCORD = "discord"
    TELEGRAM = "telegram"
    JSON = "json"


class PageSeverity(StrEnum):
    """Name how badly a human is needed."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"


class PagesSettings(Part):
    """Who is told when a human is needed, and how often."""

    urls: tuple[SecretStr, ...] = Key(
        default=(), max_length=5, description="addresses that take a page by POST, at most 5; secret"
    )
    form: PageForm = Key(
        default=PageForm.AUTO, description="how they want it; auto: by the address, plain for ntfy and others"
    )
    command: str = Key(default="", description="command that gets each page on its standard input; empty: none")
    least: PageSeverity = Key(default=PageSeverity.WARNING, description="what is less severe is not paged")
    repeat_s: float = Key(
        default=3600.0, ge=60.0, le=86400.0, description="seconds before the same matter is paged again"
    )
    most_per_hour: int = Key(
        default=12, ge=1, le=120, description="pages in an hour; critical ones have as many of their own"
    )
    timeout_s: float = Key(default=10.0, ge=0.5, le=60.0, description="seconds for one attempt to page; there are four")
    in_simulation: bool = Key(default=False, description="also page what happens on a simulated gateway")


class WatchSettings(Part):
    """How the bot watches itself, its line and its clock."""

    check_at: str = Key(
        default="08:30",
        pattern=r"^0[4-8]:[0-5][0-9]$",
        description="New York time of the check before the open, on every session day",
    )
    ping_url: SecretStr = Key(
        default=SecretStr(""),
        description="address of a dead man's switch, told after the check and after every window; secret",
    )
    lapses: int = Key(default=3, ge=2, le=30, description="minutes without a successful wake-up that page a human")
    largest_skew_s: float = Key(
        default=2.0, ge=1.0, le=30.0, description="seconds between our clock and the broker's that lock opening"
    )


class Settings(BaseSettings):
    """Hold every setting; unknown keys are refused.

    Made by hand it reads neither files nor environment: `config.layers.load` reads those, layer by layer, so that each
    value can be traced to its source and no missing file or misspelt variable passes in silence.
    """

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=ENV_PREFIX, env_nested_delimiter=NESTED, allow_inf_nan=False
    )

    mode: Mode = Key(default=Mode.DRY_RUN, description="demo, dry-run (sends nothing), paper or live")
    connection: ConnectionSettings = ConnectionSettings()
    journal: JournalSettings = JournalSettings()
    orders: OrderSettings = OrderSettings()
    guard: GuardSettings = GuardSettings()
    consent: ConsentSettings = ConsentSettings()
    calendar: CalendarSettings = CalendarSettings()
    context: ContextSettings = ContextSettings()
    pages: PagesSettings = PagesSettings()
    watch: WatchSettings = WatchSettings()
    policy: PolicySettings = PolicySettings()  # type: ignore[valid-type]

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take values from the caller alone."""
        return (init_settings,)
