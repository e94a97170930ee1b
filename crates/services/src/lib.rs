//! The catalogue, drafts, applications, cases, uploads and decisions, following a pack.
