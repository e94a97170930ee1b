//! What a handler answers with besides JSON: a rendered page, or a file to keep.

use axum::{
    body::{Body, Bytes},
    http::{HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Response},
};

use crate::{Asset, Bundle, Error, Failure};

/// The shell's own templates, words and assets.
pub(crate) static BUNDLE: Bundle = Bundle {
    area: "web",
    templates: &[
        ("web/page.html", include_str!("../templates/page.html")),
        ("web/charts.html", include_str!("../templates/charts.html")),
        ("web/parts.html", include_str!("../templates/parts.html")),
        ("web/fields.html", include_str!("../templates/fields.html")),
        ("web/error.html", include_str!("../templates/error.html")),
        ("web/errors.html", include_str!("../templates/errors.html")),
        ("web/stale.html", include_str!("../templates/stale.html")),
        (
            "web/continue.html",
            include_str!("../templates/continue.html"),
        ),
    ],
    messages: include_str!("../messages.yaml"),
    assets: &[
        Asset {
            name: "web/causeway.css",
            bytes: include_bytes!("../assets/causeway.css"),
        },
        Asset {
            name: "web/causeway.js",
            bytes: include_bytes!("../assets/causeway.js"),
        },
        Asset {
            name: "web/charts.css",
            bytes: include_bytes!("../assets/charts.css"),
        },
        Asset {
            name: "web/kiosk.css",
            bytes: include_bytes!("../assets/kiosk.css"),
        },
        Asset {
            name: "web/autosave.js",
            bytes: include_bytes!("../assets/autosave.js"),
        },
        Asset {
            name: "web/logo.svg",
            bytes: include_bytes!("../assets/logo.svg"),
        },
        Asset {
            name: "web/icon.svg",
            bytes: include_bytes!("../assets/icon.svg"),
        },
    ],
};

/// A rendered page, `200 OK` unless told otherwise.
#[derive(Debug)]
pub struct Page {
    html: Result<String, Error>,
    status: StatusCode,
}

impl Page {
    pub(crate) fn new(html: Result<String, Error>) -> Self {
        Self {
            html,
            status: StatusCode::OK,
        }
    }

    /// The same page under another status: `422` for a form shown again with its errors.
    #[must_use]
    pub fn status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// A form shown again with its errors: `422 Unprocessable Content`.
    #[must_use]
    pub fn with_errors(self) -> Self {
        self.status(StatusCode::UNPROCESSABLE_ENTITY)
    }
}

impl IntoResponse for Page {
    fn into_response(self) -> Response {
        match self.html {
            Ok(html) => (self.status, Html(html)).into_response(),
            Err(error) => Failure::of(&error).into_response(),
        }
    }
}

/// A file made for this visitor: a receipt, a letter, a list.
#[derive(Debug)]
pub struct Download {
    /// Shown as the file's name; ASCII, for example `receipt-7k3m.pdf`.
    pub file_name: String,
    pub content_type: &'static str,
    pub bytes: Bytes,
    /// Whether the browser may show it instead of saving it.
    pub is_inline: bool,
}

impl IntoResponse for Download {
    fn into_response(self) -> Response {
        let name: String = self
            .file_name
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
            .collect();
        let way = if self.is_inline {
            "inline"
        } else {
            "attachment"
        };
        let disposition = HeaderValue::from_str(&format!("{way}; filename=\"{name}\""))
            .unwrap_or(HeaderValue::from_static("attachment"));
        let headers = [
            (
                header::CONTENT_TYPE,
                HeaderValue::from_static(self.content_type),
            ),
            (header::CONTENT_DISPOSITION, disposition),
        ];
        (headers, Body::from(self.bytes)).into_response()
    }
}
