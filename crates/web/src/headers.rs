//! The headers every answer leaves with. Pages run only what this site serves: no inline script, no
//! inline style, no frame.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

/// What one route's pages may do beyond the default policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Extension {
    #[default]
    None,
    /// Uses the camera, to read a QR code.
    Camera,
    /// Posts a form that ends on another site, for example a client of the OpenID provider.
    PostsAway,
}

/// A year and a half, in seconds; browsers remember to use TLS only.
const HSTS: &str = "max-age=47304000; includeSubDomains";

fn policy(extension: Extension, is_secure: bool) -> String {
    let form_action = match extension {
        Extension::PostsAway if is_secure => "'self' https:",
        // While a client is being written it listens on the developer's own machine.
        Extension::PostsAway => "'self' https: http://127.0.0.1:* http://localhost:*",
        _ => "'self'",
    };
    let upgrade = if is_secure {
        "; upgrade-insecure-requests"
    } else {
        ""
    };
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; \
         font-src 'self'; connect-src 'self'; manifest-src 'self'; worker-src 'self'; \
         media-src 'self' blob:; form-action {form_action}; base-uri 'none'; \
         frame-ancestors 'none'{upgrade}"
    )
}

/// Sets the security headers. What a handler set itself for caching stays.
pub(crate) fn apply(headers: &mut HeaderMap, extension: Extension, is_secure: bool) {
    if let Ok(policy) = HeaderValue::from_str(&policy(extension, is_secure)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let camera = if extension == Extension::Camera {
        "(self)"
    } else {
        "()"
    };
    let permissions = format!(
        "camera={camera}, microphone=(), geolocation=(), payment=(), usb=(), \
         publickey-credentials-get=(self), publickey-credentials-create=(self), \
         browsing-topics=()"
    );
    if let Ok(permissions) = HeaderValue::from_str(&permissions) {
        headers.insert(HeaderName::from_static("permissions-policy"), permissions);
    }
    let fixed: [(HeaderName, &'static str); 5] = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin",
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin",
        ),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    for (name, value) in fixed {
        headers
            .entry(name)
            .or_insert(HeaderValue::from_static(value));
    }
    if is_secure {
        headers.insert(
            header::STRICT_TRANSPORT_SECURITY,
            HeaderValue::from_static(HSTS),
        );
    }
}
