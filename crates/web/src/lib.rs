//! Page shell, accessible components, forms, CSRF, sessions, language negotiation, problems, OpenAPI, rate limits.
