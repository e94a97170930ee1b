//! E-licences: OpenID4VCI issuing, SD-JWT VC, token status lists, offline QR and verification.
