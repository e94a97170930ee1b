//! Key stores, sealed columns, certificates, JWS and COSE, and a tile-based evidence log.
