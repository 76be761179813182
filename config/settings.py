"""State every setting of the program: its name, meaning, range and default, in groups."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field as Key
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.policy_keys import Part, PolicySettings

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

    host: str = Key("127.0.0.1", min_length=1, description="address of TWS or IB Gateway")
    port: int = Key(7497, ge=1, le=65535, description="7497 and 4002 are paper ports, 7496 and 4001 live ones")
    client_id: int = Key(
        17, ge=1, le=9999, description="fixed number of this bot at the gateway; never 0, never shared"
    )
    account: str = Key(
        "",
        pattern=r"^([A-Z]{1,3}[0-9]{3,12})?$",
        description="account to trade; empty: the only one the gateway offers",
    )
    connect_timeout_s: float = Key(10.0, ge=0.5, le=120.0, description="wait for one attempt to connect")
    connect_attempts: int = Key(5, ge=1, le=100, description="attempts before the gateway counts as unreachable")
    request_timeout_s: float = Key(15.0, ge=0.5, le=120.0, description="wait for the answer to one request")
    heartbeat_s: float = Key(15.0, ge=1.0, le=300.0, description="time between two signs of life from the gateway")
    market_data_lines: int = Key(100, ge=10, le=5000, description="streaming quotes the account may hold at once")


class JournalSettings(Part):
    """Where the journal is kept."""

    folder: str = Key("var", min_length=1, description="folder of journals, inbox, kill switch and reports")
    url: str = Key(
        "", description="SQLAlchemy address of another database; empty: one SQLite file per mode and account"
    )
    durable: bool = Key(True, description="wait until an entry is on the disk before acting on it")


class OrderSettings(Part):
    """How an order walks from the middle of the market to the far side."""

    rungs: int = Key(4, ge=1, le=20, description="price steps from the middle to the far side of the market")
    rung_s: float = Key(15.0, ge=1.0, le=300.0, description="seconds at one price before the next")
    ack_s: float = Key(
        10.0, ge=1.0, le=120.0, description="seconds without acknowledgement that make an outcome unknown"
    )
    give_up_s: float = Key(90.0, ge=5.0, le=900.0, description="seconds after which the unfilled rest is cancelled")


class GuardSettings(Part):
    """Limits that stand between a decision and the broker, whatever the method says."""

    max_order_minis: int = Key(10, ge=1, le=50, description="largest single order, minis")
    max_position_minis: int = Key(30, ge=1, le=200, description="largest hedge, minis, working orders included")
    max_bought_per_day_minis: int = Key(60, ge=1, le=400, description="most minis bought in one session")
    collar_ticks: int = Key(2, ge=0, le=20, description="ticks beyond the far side of the market a limit may stand")
    collar_share: float = Key(0.03, ge=0.001, le=0.10, description="distance from the middle a limit may stand")
    settle_share: float = Key(
        0.40, ge=0.05, le=1.0, description="distance from the last settlement a buy limit may stand"
    )
    orders_per_minute: int = Key(5, ge=1, le=30, description="orders and cancels sent in one minute")
    orders_per_day: int = Key(60, ge=1, le=500, description="orders and cancels sent in one session")
    messages_per_second: int = Key(20, ge=1, le=45, description="messages sent to the gateway in one second")
    duplicate_s: int = Key(60, ge=1, le=3600, description="seconds in which a second order of the same kind is refused")
    daily_loss_unwind_share: float = Key(
        0.01, ge=0.001, le=0.20, description="hedge loss of the day, share of net liquidation, that ends opening"
    )
    daily_loss_kill_share: float = Key(
        0.02,
        ge=0.001,
        le=0.40,
        description="hedge loss of the day, share of net liquidation, that pulls the kill switch",
    )


class ConsentSettings(Part):
    """How a human is asked in live mode."""

    deadline_s: int = Key(120, ge=10, le=900, description="seconds in which a yes counts; silence is no")
    reduce_automatically: bool = Key(True, description="let orders that only reduce risk go without asking")


class Settings(BaseSettings):
    """Hold every setting; unknown keys are refused.

    Made by hand it reads neither files nor environment: `config.layers.load` reads those, layer by layer, so that each
    value can be traced to its source and no missing file or misspelt variable passes in silence.
    """

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix=ENV_PREFIX, env_nested_delimiter=NESTED, allow_inf_nan=False
    )

    mode: Mode = Key(Mode.DRY_RUN, description="demo, dry-run (sends nothing), paper or live")
    connection: ConnectionSettings = Key(default_factory=ConnectionSettings)
    journal: JournalSettings = Key(default_factory=JournalSettings)
    orders: OrderSettings = Key(default_factory=OrderSettings)
    guard: GuardSettings = Key(default_factory=GuardSettings)
    consent: ConsentSettings = Key(default_factory=ConsentSettings)
    policy: PolicySettings = Key(default_factory=PolicySettings)  # type: ignore[valid-type]

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
