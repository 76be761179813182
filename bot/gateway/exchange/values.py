"""Say an account in IB's tags."""

from __future__ import annotations

from bot.gateway.exchange.account import Standing

Value = tuple[str, str, str]  # tag, value, currency
_SEGMENTS = ("", "-S", "-C")  # whole account, securities, commodities


def account_values(account: str, standing: Standing, start_of_day_equity: float) -> tuple[Value, ...]:
    """Return the full tag set in IB's spelling: money in USD with two decimals, the ledger in BASE and USD."""
    return (*_words(account), *_totals(standing, start_of_day_equity), *_segmented(standing), *_ledger(standing))


def _money(tag: str, amount: float, currency: str = "USD") -> Value:
    return tag, f"{amount + 0.0:.2f}", currency


def _words(account: str) -> tuple[Value, ...]:
    return (
        ("AccountCode", account, ""),
        ("AccountOrGroup", account, "BASE"),
        ("AccountOrGroup", account, "USD"),
        ("AccountReady", "true", ""),
        ("AccountType", "INDIVIDUAL", ""),
        ("Currency", "BASE", "BASE"),
        ("Currency", "USD", "USD"),
        ("DayTradesRemaining", "-1", ""),
        ("HighestSeverity", "0", ""),
        ("LookAheadNextChange", "0", ""),
        ("NLVAndMarginInReview", "false", ""),
        ("RealCurrency", "BASE", "BASE"),
        ("RealCurrency", "USD", "USD"),
        ("SegmentTitle-C", "US Commodities", ""),
        ("SegmentTitle-S", "US Securities", ""),
        ("TradingType-S", "STKMRGN", ""),
        ("WhatIfPMEnabled", "true", ""),
        ("ExchangeRate", "1.00", "BASE"),
        ("ExchangeRate", "1.00", "USD"),
    )


def _totals(s: Standing, start_of_day_equity: float) -> tuple[Value, ...]:
    excess = s.equity_with_loan - s.margin.maint
    cushion = excess / s.net_liquidation if s.net_liquidation > 0 else 0.0
    # Regulation T gives no leverage on options or futures; the number IB shows is four times what is free
    buying_power = max(s.equity_with_loan - s.margin.init, 0.0) * 4.0
    return (
        _money("BuyingPower", buying_power),
        ("Cushion", f"{cushion:.6f}", ""),
        _money("PreviousDayEquityWithLoanValue", start_of_day_equity),
        _money("RegTEquity", s.equity_with_loan),
        _money("RegTMargin", s.margin.init_securities),
        _money("SMA", max(s.equity_with_loan - s.margin.init, 0.0)),
    )


def _segmented(s: Standing) -> tuple[Value, ...]:
    """Return the tags that IB gives for the account and for each segment; all cash lies in the securities segment."""
    commodities_cash = s.margin.init_commodities  # swept over to cover the futures, as IB does by default
    cash = (s.cash, s.cash - commodities_cash, commodities_cash)
    equity = (s.equity_with_loan, cash[1], cash[2] + s.futures_pnl)
    worth = (s.net_liquidation, cash[1] + s.option_value, equity[2])
    gross = (s.gross_positions, s.gross_positions, 0.0)
    init = (s.margin.init, s.margin.init_securities, s.margin.init_commodities)
    maint = (s.margin.maint, s.margin.maint_securities, s.margin.maint_commodities)
    found: list[Value] = []
    for i, segment in enumerate(_SEGMENTS):
        found += [
            _money(f"AccruedCash{segment}", 0.0),
            _money(f"EquityWithLoanValue{segment}", equity[i]),
            _money(f"GrossPositionValue{segment}", gross[i]),
            (f"Leverage{segment}", f"{gross[i] / worth[i] if worth[i] > 0 else 0.0:.2f}", ""),
            _money(f"NetLiquidation{segment}", worth[i]),
            _money(f"TotalCashValue{segment}", cash[i]),
        ]
        for prefix in ("", "Full", "LookAhead"):
            found += [
                _money(f"{prefix}InitMarginReq{segment}", init[i]),
                _money(f"{prefix}MaintMarginReq{segment}", maint[i]),
                _money(f"{prefix}AvailableFunds{segment}", equity[i] - init[i]),
                _money(f"{prefix}ExcessLiquidity{segment}", equity[i] - maint[i]),
            ]
    return tuple(found)


def _ledger(s: Standing) -> tuple[Value, ...]:
    amounts = (
        ("AccruedCash", 0.0),
        ("CashBalance", s.cash),
        ("FuturesPNL", s.futures_pnl),
        ("NetLiquidationByCurrency", s.net_liquidation),
        ("OptionMarketValue", s.option_value),
        ("RealizedPnL", s.realized),
        ("StockMarketValue", 0.0),
        ("TotalCashBalance", s.cash),
        ("UnrealizedPnL", s.unrealized),
    )
    return tuple(_money(tag, amount, currency) for currency in ("BASE", "USD") for tag, amount in amounts)
