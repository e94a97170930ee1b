//! Audit records, transactional outbox, job queue and working-day timers, written in the caller's transaction.
