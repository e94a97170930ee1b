//! Letters, receipts and licences as tagged PDF/A.
