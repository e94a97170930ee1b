//! A running Causeway for tests: the real router, a fake clock, seeded randomness, captured mail.
