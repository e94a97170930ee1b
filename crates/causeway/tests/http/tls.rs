//! Certificates of clients from a real TLS handshake: a terminator in front asks for them, checks their
//! chain, takes away what a client says of itself, and passes on what it saw (RFC 9440).

use std::{net::SocketAddr, sync::Arc};

use axum::http::{Method, Request, StatusCode, header};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use causeway::{Config, Knobs};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Bytes, client::conn::http1::handshake};
use hyper_util::rt::TokioIo;
use identity::provider::{AuthMethod, GrantKind, Sender, demo};
use kernel::Env;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, ServerName},
    server::WebPkiClientVerifier,
};
use serde_json::Value;
use testkit::{App, encode};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::{TcpListener, TcpSocket, TcpStream},
};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use trust::{base64url, digest};

use crate::journey::NEIGHBOUR;

const ID: &str = "bound-by-certificate";
const HEADER: &str = "client-cert";
/// The terminator's own address; a client that goes round it has another.
const TERMINATOR: &str = "127.0.0.2";
/// Bytes of a request or an answer in this test.
const WHOLE: u64 = 256 * 1024;

/// Authorities and certificates of the test.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    roots: Arc<RootCertStore>,
}

/// A certificate with its key.
struct Pair {
    chain: Vec<CertificateDer<'static>>,
    key: KeyPair,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(certificate.der().clone()).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            roots: Arc::new(roots),
        }
    }

    fn certify(&self, name: &str) -> Pair {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Pair {
            chain: vec![certificate.der().clone()],
            key,
        }
    }

    /// What a client connects with.
    fn connector(&self, own: Option<&Pair>) -> TlsConnector {
        let builder = ClientConfig::builder_with_provider(crypto())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(Arc::clone(&self.roots));
        let config = match own {
            Some(own) => builder
                .with_client_auth_cert(own.chain.clone(), own.private())
                .unwrap(),
            None => builder.with_no_client_auth(),
        };
        TlsConnector::from(Arc::new(config))
    }

    /// What the terminator accepts with: whoever shows a certificate shows one of this authority.
    fn acceptor(&self, own: &Pair) -> TlsAcceptor {
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::clone(&self.roots), crypto())
                .allow_unauthenticated()
                .build()
                .unwrap();
        let config = ServerConfig::builder_with_provider(crypto())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(own.chain.clone(), own.private())
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }
}

impl Pair {
    fn private(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.key.serialize_der()).unwrap()
    }
}

fn crypto() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// A TLS terminator: one request a connection, passed on to `server`.
async fn terminate(acceptor: TlsAcceptor, server: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A handshake that fails is the client's to hear of.
                if let Ok(stream) = acceptor.accept(stream).await {
                    pass_on(stream, server).await;
                }
            });
        }
    });
    address
}

async fn pass_on(mut stream: tokio_rustls::server::TlsStream<TcpStream>, server: SocketAddr) {
    let shown = stream.get_ref().1.peer_certificates();
    let shown = shown.and_then(|chain| chain.first()).map(|leaf| {
        let leaf = STANDARD.encode(leaf);
        format!("{HEADER}: :{leaf}:\r\n")
    });
    let (head, body) = request_of(&mut stream).await;
    let mut lines = head.split("\r\n");
    let mut passed = format!("{}\r\n", lines.next().unwrap());
    for line in lines.filter(|line| !line.is_empty()) {
        if !line.to_ascii_lowercase().starts_with(&format!("{HEADER}:")) {
            passed.push_str(line);
            passed.push_str("\r\n");
        }
    }
    passed.push_str(shown.as_deref().unwrap_or_default());
    passed.push_str("\r\n");
    let socket = TcpSocket::new_v4().unwrap();
    socket
        .bind(SocketAddr::new(TERMINATOR.parse().unwrap(), 0))
        .unwrap();
    let mut upstream = socket.connect(server).await.unwrap();
    upstream.write_all(passed.as_bytes()).await.unwrap();
    upstream.write_all(&body).await.unwrap();
    let mut answer = Vec::new();
    upstream.take(WHOLE).read_to_end(&mut answer).await.unwrap();
    stream.write_all(&answer).await.unwrap();
    stream.shutdown().await.unwrap();
}

/// The head of a request and its body.
async fn request_of(stream: &mut (impl AsyncRead + Unpin)) -> (String, Vec<u8>) {
    let mut bytes = Vec::new();
    loop {
        let mut part = [0; 4_096];
        let read = stream.read(&mut part).await.unwrap();
        bytes.extend_from_slice(&part[..read]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, rest)) = text.split_once("\r\n\r\n") else {
            assert!(read > 0, "the request ended early");
            continue;
        };
        let length = head
            .lines()
            .find_map(|line| {
                line.to_ascii_lowercase()
                    .strip_prefix("content-length:")?
                    .trim()
                    .parse()
                    .ok()
            })
            .unwrap_or(0);
        if rest.len() >= length {
            return (head.to_owned(), rest.as_bytes().to_vec());
        }
    }
}

/// What a client asks, once.
struct Asked<'a> {
    method: Method,
    path: &'a str,
    headers: &'a [(&'a str, &'a str)],
    form: &'a [(&'a str, &'a str)],
}

async fn ask<S>(stream: S, asked: &Asked<'_>) -> (StatusCode, Value)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut request = Request::builder()
        .method(asked.method.clone())
        .uri(asked.path)
        .header(header::HOST, "localhost")
        .header(header::CONNECTION, "close");
    for (name, value) in asked.headers {
        request = request.header(*name, *value);
    }
    if !asked.form.is_empty() {
        request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    }
    let pairs: Vec<(String, String)> = asked
        .form
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let body = Full::new(Bytes::from(encode(&pairs)));
    let answer = sender
        .send_request(request.body(body).unwrap())
        .await
        .unwrap();
    let status = answer.status();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

/// The platform behind its terminator.
struct World {
    app: App,
    authority: Authority,
    server: SocketAddr,
    terminator: SocketAddr,
}

impl World {
    async fn start() -> Self {
        let mut config = Config::default();
        config.server.demo = true;
        config.server.trusted_proxies = vec![TERMINATOR.parse().unwrap()];
        HEADER.clone_into(&mut config.openid.certificate_header);
        let name = format!("causeway-tls-{}", std::process::id());
        config.store.data_dir = std::env::temp_dir().join(name);
        let knobs = Knobs {
            has_rate_limits: true,
            records_answers: false,
        };
        let app = App::open_at(&config, (Env::system().now(), 4_300), knobs)
            .await
            .unwrap();
        let mut wanted = demo::rates(&app.system.keys.vault()).unwrap();
        wanted.auth = AuthMethod::TlsClientAuth;
        wanted.sender = Sender::Mtls;
        wanted.grants = vec![GrantKind::Code];
        wanted.certificate_dns = Some("rates.example".to_owned());
        demo::put(&app.system.store, ID, ("rvd", wanted))
            .await
            .unwrap();
        let (ready, is_ready) = tokio::sync::oneshot::channel();
        let system = app.system.clone();
        tokio::spawn(async move {
            let listen = SocketAddr::from(([127, 0, 0, 1], 0));
            let serving = causeway::serve(&system, listen, std::future::pending(), |address| {
                ready.send(address).unwrap();
            });
            serving.await.unwrap();
        });
        let server = is_ready.await.unwrap();
        let authority = Authority::new();
        let own = authority.certify("localhost");
        let terminator = terminate(authority.acceptor(&own), server).await;
        Self {
            app,
            authority,
            server,
            terminator,
        }
    }

    /// Asks through the terminator, over TLS, with a certificate or without one.
    async fn ask(&self, own: Option<&Pair>, asked: &Asked<'_>) -> (StatusCode, Value) {
        let stream = TcpStream::connect(self.terminator).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let connector = self.authority.connector(own);
        ask(connector.connect(name, stream).await.unwrap(), asked).await
    }

    /// Asks the platform itself, past the terminator.
    async fn ask_past(&self, asked: &Asked<'_>) -> (StatusCode, Value) {
        ask(TcpStream::connect(self.server).await.unwrap(), asked).await
    }

    /// The person signs in and agrees; the code.
    async fn code(&self, uri: &str) -> String {
        let mut browser = self.app.browser();
        let path = format!("/oauth/authorize?client_id={ID}&request_uri={uri}");
        let waiting = browser.get(&path).await.unwrap();
        let page = browser.approve(NEIGHBOUR, &waiting).await.unwrap();
        let sheet = page.form(&page.path).unwrap();
        let form = encode(&sheet.filled(&[("choice", "allow")]));
        let back = browser.post_raw(&page.path, &form).await.unwrap();
        let place = back.location().unwrap();
        let code = place.split("code=").nth(1).unwrap();
        code.split('&').next().unwrap().to_owned()
    }
}

#[tokio::test]
async fn a_token_is_bound_to_the_certificate_of_a_real_handshake_and_no_header_helps() {
    let world = World::start().await;
    let own = world.authority.certify("rates.example");
    let other = world.authority.certify("rates.example");
    let verifier = "v".repeat(64);
    let challenge = base64url::encode(digest::sha256(&verifier));
    let value = format!(":{}:", STANDARD.encode(&own.chain[0]));
    let claimed = [(HEADER, value.as_str())];
    let form = [
        ("client_id", ID),
        ("response_type", "code"),
        ("redirect_uri", demo::CALLBACK),
        ("scope", "openid"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    let par = |headers| Asked {
        method: Method::POST,
        path: "/oauth/par",
        headers,
        form: &form,
    };
    // The client's word about its certificate is taken away by the terminator, and not believed of
    // anybody who goes round it.
    let (status, answer) = world.ask(None, &par(&claimed)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "{answer}");
    let (status, answer) = world.ask_past(&par(&claimed)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "{answer}");
    let (status, answer) = world.ask(Some(&own), &par(&[])).await;
    assert_eq!(status, StatusCode::CREATED, "{answer}");
    let code = world.code(answer["request_uri"].as_str().unwrap()).await;
    let form = [
        ("client_id", ID),
        ("grant_type", "authorization_code"),
        ("code", code.as_str()),
        ("redirect_uri", demo::CALLBACK),
        ("code_verifier", verifier.as_str()),
    ];
    let redeem = Asked {
        method: Method::POST,
        path: "/oauth/token",
        headers: &[],
        form: &form,
    };
    let (status, answer) = world.ask(Some(&own), &redeem).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    let bearer = format!("Bearer {}", answer["access_token"].as_str().unwrap());
    let bare = [("authorization", bearer.as_str())];
    let with_claim = [bare[0], claimed[0]];
    let read = |headers| Asked {
        method: Method::GET,
        path: "/oauth/userinfo",
        headers,
        form: &[],
    };
    let (status, answer) = world.ask(Some(&own), &read(&bare)).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    for (shown, headers) in [(Some(&other), &with_claim[..]), (None, &with_claim[..])] {
        let (status, answer) = world.ask(shown, &read(headers)).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{answer}");
    }
    let (status, answer) = world.ask_past(&read(&with_claim)).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "{answer}");
}
