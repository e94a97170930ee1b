//! Pages for residents and companies.
