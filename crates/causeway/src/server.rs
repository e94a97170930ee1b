//! Serving: the listener, the background work, and a stop that finishes what was begun.

use std::{future::Future, net::SocketAddr, time::Duration};

use anyhow::Context as _;
use tokio::{net::TcpListener, sync::watch};

use crate::System;

/// How long requests may go on after the stop.
const DRAIN: Duration = Duration::from_secs(15);

/// Serves until `stop` resolves; `ready` is told the address once connections are accepted.
///
/// # Errors
/// The address is taken, or the listener fails.
pub async fn serve(
    system: &System,
    listen: SocketAddr,
    stop: impl Future<Output = ()> + Send + 'static,
    ready: impl FnOnce(SocketAddr),
) -> anyhow::Result<()> {
    let listener = TcpListener::bind(listen)
        .await
        .with_context(|| format!("cannot listen on {listen}"))?;
    ready(listener.local_addr()?);
    let (stopping, stopped) = watch::channel(false);
    let wait = |mut stopped: watch::Receiver<bool>| async move {
        let _ = stopped.wait_for(|is_stopped| *is_stopped).await;
    };
    let runner = tokio::spawn(system.runner().run(wait(stopped.clone())));
    tokio::spawn(async move {
        stop.await;
        let _ = stopping.send(true);
    });
    let app = system
        .app()
        .into_make_service_with_connect_info::<SocketAddr>();
    let serving = axum::serve(listener, app).with_graceful_shutdown(wait(stopped.clone()));
    let late = async {
        wait(stopped).await;
        tokio::time::sleep(DRAIN).await;
    };
    tokio::select! {
        served = serving => served.context("the server failed")?,
        () = late => tracing::warn!("some requests were cut off at the stop"),
    }
    runner.await.context("the background work failed")?;
    Ok(())
}
