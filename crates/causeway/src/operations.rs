//! What a machine asks of the process: is it alive, is it ready, how is it doing.

use std::sync::Arc;

use axum::extract::State;
use kernel::{Env, Time};
use serde::Serialize;
use web::{
    Access, IntoResponse, Json, Method, Outcome, Response, Routes, StatusCode, ToSchema, header,
    operation,
};

use crate::System;

/// When the process started.
#[derive(Clone, Debug)]
pub(crate) struct Gauges(Arc<Time>);

impl Gauges {
    pub(crate) fn new(env: &Env) -> Self {
        Self(Arc::new(env.now()))
    }
}

pub(crate) fn routes(system: &System) -> Routes {
    let get = &Method::GET;
    Routes::new()
        .json(
            get,
            "/healthz",
            Access::Public,
            operation::<(), Health>("The process answers"),
            async || Json(Health { status: "ok" }),
        )
        .json(
            get,
            "/readyz",
            Access::Public,
            operation::<(), Health>("The database answers and the services are loaded"),
            ready,
        )
        .get("/metrics", Access::Public, metrics)
        .with_state(system)
}

/// One word on how things are.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`, or what is missing.
    status: &'static str,
}

async fn ready(State(system): State<System>) -> Response {
    let depth = system
        .store
        .read(|db| async move { journal::depth(&db).await })
        .await;
    match depth {
        Ok(_) => Json(Health { status: "ok" }).into_response(),
        Err(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            Json(Health {
                status: "no database",
            }),
        )
            .into_response(),
    }
}

/// Counts in the text format of OpenMetrics 1.0.
async fn metrics(State(system): State<System>) -> Outcome<Response> {
    let depth = system
        .store
        .read(|db| async move { journal::depth(&db).await })
        .await
        .map_err(|_| web::Failure::not_found())?;
    let up = system.store.env().now().since(*system.gauges.0).as_secs();
    let online = system
        .services
        .catalogue()
        .entries()
        .iter()
        .filter(|one| one.is_online())
        .count();
    let body = format!(
        "# TYPE causeway_up_seconds gauge\ncauseway_up_seconds {up}\n\
         # TYPE causeway_services_online gauge\ncauseway_services_online {online}\n\
         # TYPE causeway_jobs gauge\n\
         causeway_jobs{{state=\"ready\"}} {}\n\
         causeway_jobs{{state=\"running\"}} {}\n\
         causeway_jobs{{state=\"dead\"}} {}\n# EOF\n",
        depth.ready, depth.running, depth.dead
    );
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], body).into_response())
}
