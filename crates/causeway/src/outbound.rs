//! Calls to the clients of the OpenID provider and to whoever wakes phones: one POST or GET, over TLS, to a
//! registered address.
//!
//! Invariants: no redirect is followed; what a POST answers is not read, what a GET answers up to a limit;
//! an address of this machine or of its link is never called, unless the platform itself runs without TLS
//! on a developer's machine; a call ends within seconds.

use std::{fmt, future::Future, net::IpAddr, path::Path, pin::Pin, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use axum::http::{Request, StatusCode, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use identity::provider::{Fetched, Outbound, Post, Sent};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, pem::PemObject as _};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpStream, lookup_host},
};
use tokio_rustls::TlsConnector;

use crate::config::{self, OutboundConfig};

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
    /// Trusts the certificate authorities of the operating system and those of `own`, and shows the
    /// certificate of `own` to a client that asks for one.
    pub(crate) fn new(is_local: bool, own: &OutboundConfig) -> anyhow::Result<Self> {
        let mut roots = rustls::RootCertStore::empty();
        // A machine without authorities calls nobody: jobs then say so, and the platform still starts.
        let found = rustls_native_certs::load_native_certs();
        let (mut added, _) = roots.add_parsable_certificates(found.certs);
        if !own.authorities_file.as_os_str().is_empty() {
            for authority in certificates("outbound.authorities_file", &own.authorities_file)? {
                roots.add(authority).context("outbound.authorities_file")?;
                added += 1;
            }
        }
        if added == 0 {
            tracing::warn!("no certificate authority is trusted; clients cannot be called");
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots);
        let config = if own.certificate_file.as_os_str().is_empty() {
            builder.with_no_client_auth()
        } else {
            let chain = certificates("outbound.certificate_file", &own.certificate_file)?;
            let key = config::read_private("outbound.key_file", &own.key_file)?;
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
                .context("outbound.key_file holds no private key in PEM")?;
            builder
                .with_client_auth_cert(chain, key)
                .context("outbound: the key is not the certificate's")?
        };
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

/// The certificates of a PEM file, at least one.
fn certificates(key: &str, path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let all: Vec<_> = read.with_context(|| format!("{key}: {} cannot be read", path.display()))?;
    anyhow::ensure!(
        !all.is_empty(),
        "{key}: {} holds no certificate in PEM",
        path.display()
    );
    Ok(all)
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
        .header(header::CONNECTION, "close");
    if !post.content_type.is_empty() {
        request = request.header(header::CONTENT_TYPE, post.content_type);
    }
    for (name, value) in &post.more {
        request = request.header(*name, value);
    }
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
    } else if matches!(status, StatusCode::NOT_FOUND | StatusCode::GONE) {
        Sent::Gone
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
            more: vec![("ttl", "240".to_owned())],
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
        let caller = Caller::new(true, &OutboundConfig::default()).unwrap();
        for (answer, expected) in [
            ("HTTP/1.1 204 No Content\r\n\r\n", Sent::Heard),
            ("HTTP/1.1 400 Bad Request\r\n\r\n", Sent::Refused),
            ("HTTP/1.1 410 Gone\r\n\r\n", Sent::Gone),
            (
                "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n\r\n",
                Sent::Unheard,
            ),
            ("HTTP/1.1 401 Unauthorized\r\n\r\n", Sent::Unheard),
            ("HTTP/1.1 403 Forbidden\r\n\r\n", Sent::Unheard),
            ("HTTP/1.1 503 Service Unavailable\r\n\r\n", Sent::Unheard),
        ] {
            let (port, told) = client(answer).await;
            assert_eq!(caller.post(post(port)).await, expected, "{answer}");
            let told = told.await.unwrap();
            assert!(told.starts_with("POST /logout?x=1 HTTP/1.1"), "{told}");
            assert!(told.contains("authorization: Bearer one"), "{told}");
            assert!(told.contains("ttl: 240"), "{told}");
        }
    }

    #[tokio::test]
    async fn what_a_client_publishes_is_read_up_to_a_limit() {
        let caller = Caller::new(true, &OutboundConfig::default()).unwrap();
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
        let inside = Caller::new(false, &OutboundConfig::default()).unwrap();
        assert_eq!(
            inside.get("https://127.0.0.1:1/jwks".to_owned(), 4).await,
            None
        );
    }

    /// A client that lets in only who shows a certificate of `authority`; what it answers is 204.
    async fn client_that_asks_who_calls(authority: &Authority) -> u16 {
        let own = authority.certify("127.0.0.1");
        let mut roots = rustls::RootCertStore::empty();
        roots.add(authority.own.clone()).unwrap();
        let crypto = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let verifier = rustls::server::WebPkiClientVerifier::builder_with_provider(
            Arc::new(roots),
            Arc::clone(&crypto),
        );
        let config = rustls::ServerConfig::builder_with_provider(crypto)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier.build().unwrap())
            .with_single_cert(
                vec![own.0.der().clone()],
                PrivateKeyDer::try_from(own.1.serialize_der()).unwrap(),
            )
            .unwrap();
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut bytes = vec![0; 4_096];
                assert!(stream.read(&mut bytes).await.unwrap() > 0);
                let answer = b"HTTP/1.1 204 No Content\r\n\r\n";
                stream.write_all(answer).await.unwrap();
                stream.shutdown().await.unwrap();
            }
        });
        port
    }

    fn pem(label: &str, der: &[u8]) -> String {
        use base64::{Engine as _, engine::general_purpose::STANDARD};
        let body = STANDARD.encode(der);
        format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----\n")
    }

    struct Authority {
        issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
        own: CertificateDer<'static>,
        pem: String,
    }

    impl Authority {
        fn new() -> Self {
            let key = rcgen::KeyPair::generate().unwrap();
            let mut params = rcgen::CertificateParams::default();
            params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
            let own = params.self_signed(&key).unwrap();
            Self {
                own: own.der().clone(),
                pem: pem("CERTIFICATE", own.der()),
                issuer: rcgen::Issuer::new(params, key),
            }
        }

        fn certify(&self, name: &str) -> (rcgen::Certificate, rcgen::KeyPair) {
            let key = rcgen::KeyPair::generate().unwrap();
            let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
            (params.signed_by(&key, &self.issuer).unwrap(), key)
        }
    }

    #[tokio::test]
    async fn a_client_that_asks_who_calls_is_shown_the_platforms_certificate() {
        use std::os::unix::fs::PermissionsExt as _;
        let authority = Authority::new();
        let port = client_that_asks_who_calls(&authority).await;
        let (certificate, key) = authority.certify("causeway.example");
        let name = format!("causeway-outbound-{}", std::process::id());
        let folder = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let put = |name: &str, text: &str| {
            let path = folder.join(name);
            std::fs::write(&path, text).unwrap();
            path
        };
        let nobody = OutboundConfig {
            authorities_file: put("authorities.pem", &authority.pem),
            ..OutboundConfig::default()
        };
        let own = OutboundConfig {
            certificate_file: put("own.pem", &pem("CERTIFICATE", certificate.der())),
            key_file: put("key.pem", &pem("PRIVATE KEY", &key.serialize_der())),
            ..nobody.clone()
        };
        let open = |own: &OutboundConfig, mode| {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(folder.join("key.pem"), mode).unwrap();
            Caller::new(true, own)
        };
        let refused = open(&own, 0o644).unwrap_err().to_string();
        assert!(refused.contains("others can read"), "{refused}");
        let asked = || Post {
            uri: format!("https://127.0.0.1:{port}/callback"),
            ..post(port)
        };
        let known = open(&own, 0o600).unwrap();
        assert_eq!(known.post(asked()).await, Sent::Heard);
        let unknown = Caller::new(true, &nobody).unwrap();
        assert_eq!(unknown.post(asked()).await, Sent::Unheard);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[tokio::test]
    async fn a_platform_with_tls_never_calls_itself_or_without_tls() {
        let caller = Caller::new(false, &OutboundConfig::default()).unwrap();
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
