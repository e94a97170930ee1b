//! Calls to the clients of the OpenID provider: one POST or GET, over TLS, to a registered address.
//!
//! Invariants: no redirect is followed; what a POST answers is not read, what a GET answers up to a limit; an address of this machine or of its link
//! is never called, unless the platform itself runs without TLS on a developer's machine; a call ends
//! within seconds.

use std::{fmt, future::Future, net::IpAddr, pin::Pin, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use axum::http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use identity::provider::{Fetched, Outbound, Post, Sent};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
};
use tokio_rustls::TlsConnector;

/// How long a client may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Addresses of one name that are tried.
const ADDRESSES: usize = 4;

/// The way out of the platform.
pub(crate) struct Caller {
    tls: TlsConnector,
    /// Whether this is a developer's machine, where clients listen on the loopback interface.
    is_local: bool,
}

impl Caller {
    /// Trusts the certificate authorities of the operating system.
    pub(crate) fn new(is_local: bool) -> anyhow::Result<Self> {
        let mut roots = rustls::RootCertStore::empty();
        // A machine without authorities calls nobody: jobs then say so, and the platform still starts.
        let found = rustls_native_certs::load_native_certs();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        if added == 0 {
            tracing::warn!("no certificate authority is trusted; clients cannot be called");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            tls: TlsConnector::from(Arc::new(config)),
            is_local,
        })
    }

    async fn send(&self, post: &Post) -> anyhow::Result<StatusCode> {
        let uri: Uri = post.uri.parse()?;
        let answered = self.call(&uri, |host| request(post, &uri, host), 0).await?;
        Ok(answered.0)
    }

    async fn fetch(&self, uri: &str, most: usize) -> anyhow::Result<Vec<u8>> {
        let uri: Uri = uri.parse()?;
        let asked = |host: &str| {
            let request = Request::get(path_of(&uri))
                .header(header::HOST, host)
                .header(header::ACCEPT, "application/json")
                .header(header::CONNECTION, "close");
            Ok(request.body(Full::default())?)
        };
        let (status, body) = self.call(&uri, asked, most).await?;
        if status != StatusCode::OK {
            bail!("the address answers {status}");
        }
        Ok(body)
    }

    async fn call(
        &self,
        uri: &Uri,
        request: impl FnOnce(&str) -> anyhow::Result<Request<Full<Bytes>>>,
        most: usize,
    ) -> anyhow::Result<(StatusCode, Vec<u8>)> {
        let host = uri.host().context("the address names no host")?.to_owned();
        let is_tls = uri.scheme_str() == Some("https");
        if !is_tls && !self.is_local {
            bail!("only https is called");
        }
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let stream = self.connect(&host, port).await?;
        let request = request(&host)?;
        if is_tls {
            let name = ServerName::try_from(host)?;
            let stream = self.tls.connect(name, stream).await?;
            exchange(stream, request, most).await
        } else {
            exchange(stream, request, most).await
        }
    }

    async fn connect(&self, host: &str, port: u16) -> anyhow::Result<TcpStream> {
        let mut last = None;
        for address in lookup_host((host, port)).await?.take(ADDRESSES) {
            if !self.is_local && is_inside(address.ip()) {
                bail!("the address leads back into this machine or its link");
            }
            match TcpStream::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => last = Some(error),
            }
        }
        Err(last.map_or_else(|| anyhow::anyhow!("the name has no address"), Into::into))
    }
}

/// Loopback, link-local (where clouds keep their metadata), unspecified, multicast.
fn is_inside(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => {
            ip.is_loopback()
                || ip.is_link_local()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_broadcast()
        }
        IpAddr::V6(ip) => {
            ip.is_loopback()
                || ip.is_unspecified()
                || ip.is_multicast()
                || ip.is_unicast_link_local()
        }
    }
}

fn path_of(uri: &Uri) -> &str {
    uri.path_and_query().map_or("/", |path| path.as_str())
}

fn request(post: &Post, uri: &Uri, host: &str) -> anyhow::Result<Request<Full<Bytes>>> {
    let mut request = Request::post(path_of(uri))
        .header(header::HOST, host)
        .header(header::CONTENT_TYPE, post.content_type)
        .header(header::CONNECTION, "close");
    if let Some(authorization) = &post.authorization {
        request = request.header(header::AUTHORIZATION, authorization);
    }
    Ok(request.body(Full::new(Bytes::from(post.body.clone())))?)
}

/// One request and its answer; the body is read when `most` bytes of it are wanted, and refused when it has
/// more.
async fn exchange<S>(
    stream: S,
    request: Request<Full<Bytes>>,
    most: usize,
) -> anyhow::Result<(StatusCode, Vec<u8>)>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let driven = tokio::spawn(connection);
    let response = sender.send_request(request).await?;
    let status = response.status();
    let body = if most == 0 {
        Vec::new()
    } else {
        let limited = Limited::new(response.into_body(), most).collect().await;
        let limited = limited.map_err(|_| anyhow::anyhow!("the answer is cut off or too long"))?;
        limited.to_bytes().to_vec()
    };
    driven.abort();
    Ok((status, body))
}

impl Outbound for Caller {
    fn post(&self, post: Post) -> Pin<Box<dyn Future<Output = Sent> + Send + '_>> {
        Box::pin(async move {
            match tokio::time::timeout(PATIENCE, self.send(&post)).await {
                Ok(Ok(status)) => heard(status),
                Ok(Err(error)) => {
                    tracing::info!(%error, "a client could not be told");
                    Sent::Unheard
                }
                Err(_) => Sent::Unheard,
            }
        })
    }

    fn get(&self, uri: String, most: usize) -> Fetched<'_> {
        Box::pin(async move {
            match tokio::time::timeout(PATIENCE, self.fetch(&uri, most)).await {
                Ok(Ok(body)) => Some(body),
                Ok(Err(error)) => {
                    tracing::info!(%error, "what a client publishes could not be read");
                    None
                }
                Err(_) => None,
            }
        })
    }
}

/// A client that answers 400 has looked and refuses; everything else may be better later.
fn heard(status: StatusCode) -> Sent {
    if status.is_success() {
        Sent::Heard
    } else if status == StatusCode::BAD_REQUEST {
        Sent::Refused
    } else {
        Sent::Unheard
    }
}

impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Caller")
    }
}

#[cfg(test)]
mod tests {
    use tokio::{
        io::{AsyncReadExt as _, AsyncWriteExt as _},
        net::TcpListener,
    };

    use super::*;

    fn post(port: u16) -> Post {
        Post {
            uri: format!("http://127.0.0.1:{port}/logout?x=1"),
            content_type: "text/plain",
            authorization: Some("Bearer one".to_owned()),
            body: "body".to_owned(),
        }
    }

    /// A client that answers once with `answer` and gives what it was told.
    async fn client(answer: &'static str) -> (u16, tokio::task::JoinHandle<String>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let told = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut bytes = vec![0; 4_096];
            let read = stream.read(&mut bytes).await.unwrap();
            stream.write_all(answer.as_bytes()).await.unwrap();
            String::from_utf8_lossy(&bytes[..read]).into_owned()
        });
        (port, told)
    }

    #[tokio::test]
    async fn a_client_hears_and_what_it_answers_counts() {
        let caller = Caller::new(true).unwrap();
        for (answer, expected) in [
            ("HTTP/1.1 204 No Content\r\n\r\n", Sent::Heard),
            ("HTTP/1.1 400 Bad Request\r\n\r\n", Sent::Refused),
            (
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n",
                Sent::Unheard,
            ),
            ("HTTP/1.1 503 Service Unavailable\r\n\r\n", Sent::Unheard),
        ] {
            let (port, told) = client(answer).await;
            assert_eq!(caller.post(post(port)).await, expected, "{answer}");
            let told = told.await.unwrap();
            assert!(told.starts_with("POST /logout?x=1 HTTP/1.1"), "{told}");
            assert!(told.contains("authorization: Bearer one"), "{told}");
        }
    }

    #[tokio::test]
    async fn what_a_client_publishes_is_read_up_to_a_limit() {
        let caller = Caller::new(true).unwrap();
        for (answer, expected) in [
            (
                "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nkeys",
                Some(&b"keys"[..]),
            ),
            ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nkeys!", None),
            ("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nkeys", None),
            (
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n",
                None,
            ),
            ("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", None),
        ] {
            let (port, told) = client(answer).await;
            let uri = format!("http://127.0.0.1:{port}/jwks?x=1");
            assert_eq!(caller.get(uri, 4).await.as_deref(), expected, "{answer}");
            let told = told.await.unwrap();
            assert!(told.starts_with("GET /jwks?x=1 HTTP/1.1"), "{told}");
        }
        let inside = Caller::new(false).unwrap();
        assert_eq!(
            inside.get("https://127.0.0.1:1/jwks".to_owned(), 4).await,
            None
        );
    }

    #[tokio::test]
    async fn a_platform_with_tls_never_calls_itself_or_without_tls() {
        let caller = Caller::new(false).unwrap();
        assert_eq!(caller.post(post(1)).await, Sent::Unheard);
        for inside in [
            "127.0.0.1",
            "169.254.169.254",
            "0.0.0.0",
            "::1",
            "fe80::1",
            "::ffff:127.0.0.1",
        ] {
            assert!(is_inside(inside.parse().unwrap()), "{inside}");
        }
        assert!(!is_inside("203.0.113.7".parse().unwrap()));
    }
}
