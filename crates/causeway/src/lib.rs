//! Wiring: configuration in, one router and its background work out.
