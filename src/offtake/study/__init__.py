"""Questions beyond one solve: plans side by side, walk-away prices, why there is no plan."""
