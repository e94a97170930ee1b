//! People, devices, approvals, e-ME profiles, consents and officers.
