//! The one client program of the login bench: a relying party and its browser, which know nothing of
//! the provider but its metadata. Both providers are driven by this code.

use std::{collections::BTreeMap, sync::Arc};

use anyhow::{Context as _, bail, ensure};
use http_body_util::{BodyExt as _, Full};
use hyper::{
    Method, Request, StatusCode, Uri,
    body::Bytes,
    client::conn::http1::{SendRequest, handshake},
    header,
};
use hyper_util::rt::TokioIo;
use kernel::Env;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use tokio::net::TcpStream;
use trust::{ForeignKey, SigningKey, base64url, digest, jws::Signer, jws::Unverified};

/// Where the browser is sent back to; nobody listens there.
pub(crate) const CALLBACK: &str = "https://client.example/callback";
/// What the relying party asks for.
const SCOPE: &str = "openid profile";
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
/// Redirects inside the provider before the browser gives up.
const HOPS: usize = 12;

/// What a provider says of itself.
#[derive(Clone, Debug, Default, Deserialize)]
struct Metadata {
    issuer: String,
    pushed_authorization_request_endpoint: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: String,
    jwks_uri: String,
}

/// A registered client with its key.
#[derive(Clone, Debug)]
pub(crate) struct Party {
    pub(crate) id: String,
    pub(crate) key: Arc<SigningKey>,
}

impl Party {
    /// The public key as it is registered.
    pub(crate) fn jwk(&self) -> Value {
        let mut jwk = json!(self.key.public().jwk());
        if let Some(fields) = jwk.as_object_mut() {
            fields.insert("kid".to_owned(), json!(self.key.kid()));
            fields.insert("alg".to_owned(), json!("ES256"));
            fields.insert("use".to_owned(), json!("sig"));
        }
        jwk
    }
}

/// A pushed request.
pub(crate) struct Wanted {
    /// Where the browser goes with it.
    pub(crate) place: String,
    verifier: String,
    state: String,
    nonce: String,
}

/// What came back.
struct Answer {
    status: StatusCode,
    place: String,
    body: Bytes,
}

impl Answer {
    fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body).with_context(|| self.said())
    }

    fn said(&self) -> String {
        format!("{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

/// One person's browser and the relying party's server behind it, on one connection.
pub(crate) struct Lane {
    party: Party,
    proof_key: SigningKey,
    env: Env,
    port: u16,
    sender: SendRequest<Full<Bytes>>,
    metadata: Metadata,
    cookies: BTreeMap<String, String>,
    nonce: Option<String>,
    /// The network address the terminator in front would name.
    address: String,
}

impl Lane {
    /// Connects and reads the metadata.
    pub(crate) async fn open(
        port: u16,
        (number, party): (usize, Party),
        cookies: BTreeMap<String, String>,
    ) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        let env = Env::system();
        let mut lane = Self {
            proof_key: SigningKey::generate(&env)?,
            party,
            env,
            port,
            sender,
            metadata: Metadata::default(),
            cookies,
            nonce: None,
            address: format!("203.0.{}.{}", 113 + number / 250, 1 + number % 250),
        };
        let found = lane.get("/.well-known/openid-configuration").await?;
        lane.metadata = serde_json::from_slice(&found.body).with_context(|| found.said())?;
        let issuer = format!("http://localhost:{port}");
        ensure!(lane.metadata.issuer == issuer, "another issuer");
        Ok(lane)
    }

    /// The first login of a session, with the ID token verified by the published keys.
    pub(crate) async fn log_in_verified(&mut self) -> anyhow::Result<()> {
        let keys = self.metadata.jwks_uri.clone();
        let keys = self.get(&keys).await?.json()?;
        verify(&self.login().await?, &keys)
    }

    /// A complete login: the ID token, whose claims fit the request.
    pub(crate) async fn login(&mut self) -> anyhow::Result<String> {
        let wanted = self.push().await?;
        let code = self.authorize(&wanted).await?;
        let redemption = [
            ("grant_type", "authorization_code"),
            ("code", &code),
            ("redirect_uri", CALLBACK),
            ("code_verifier", &wanted.verifier),
        ]
        .map(owned);
        let endpoint = self.metadata.token_endpoint.clone();
        let tokens = self.post(&endpoint, redemption.to_vec()).await?;
        ensure!(tokens.status == StatusCode::OK, tokens.said());
        let tokens = tokens.json()?;
        ensure!(text(&tokens, "token_type")? == "DPoP", "not bound");
        let id_token = text(&tokens, "id_token")?;
        let claims = claims(id_token)?;
        ensure!(text(&claims, "nonce")? == wanted.nonce, "another nonce");
        ensure!(text(&claims, "aud")? == self.party.id, "another audience");
        let info = self.read(text(&tokens, "access_token")?).await?;
        ensure!(text(&info, "sub")? == text(&claims, "sub")?, "another sub");
        ensure!(info.get("name").is_some(), "userinfo names nobody");
        Ok(id_token.to_owned())
    }

    /// Pushes a request and keeps what must come back.
    pub(crate) async fn push(&mut self) -> anyhow::Result<Wanted> {
        let verifier = self.draw();
        let (state, nonce) = (self.draw(), self.draw());
        let challenge = base64url::encode(digest::sha256(&verifier));
        let request = [
            ("client_id", self.party.id.as_str()),
            ("response_type", "code"),
            ("redirect_uri", CALLBACK),
            ("scope", SCOPE),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]
        .map(owned);
        let endpoint = self.metadata.pushed_authorization_request_endpoint.clone();
        let pushed = self.post(&endpoint, request.to_vec()).await?;
        ensure!(pushed.status == StatusCode::CREATED, pushed.said());
        let pushed = pushed.json()?;
        let query = serde_urlencoded::to_string([
            ("client_id", self.party.id.as_str()),
            ("request_uri", text(&pushed, "request_uri")?),
        ])?;
        Ok(Wanted {
            place: format!("{}?{query}", self.metadata.authorization_endpoint),
            verifier,
            state,
            nonce,
        })
    }

    /// Sends the browser to the provider and follows it until it comes back with a code.
    async fn authorize(&mut self, wanted: &Wanted) -> anyhow::Result<String> {
        let mut place = wanted.place.clone();
        for _ in 0..HOPS {
            let answer = self.get(&place).await?;
            ensure!(answer.status.is_redirection(), answer.said());
            place = if answer.place.starts_with('/') {
                format!("{}{}", self.metadata.issuer, answer.place)
            } else {
                answer.place
            };
            let Some(query) = place.strip_prefix(CALLBACK) else {
                continue;
            };
            let query = query.trim_start_matches('?');
            let back: BTreeMap<String, String> = serde_urlencoded::from_str(query)?;
            let is_ours = back.get("state") == Some(&wanted.state)
                && back.get("iss") == Some(&self.metadata.issuer);
            ensure!(is_ours, "an answer to another request: {back:?}");
            return back.get("code").cloned().context("no code came back");
        }
        bail!("the browser is sent round in circles, last to {place}")
    }

    async fn read(&mut self, token: &str) -> anyhow::Result<Value> {
        let endpoint = self.metadata.userinfo_endpoint.clone();
        for _ in 0..2 {
            let proof = self.proof(&Method::GET, &endpoint, Some(token))?;
            let request = self
                .request(&Method::GET, &endpoint)?
                .header("dpop", proof)
                .header(header::AUTHORIZATION, format!("DPoP {token}"))
                .body(Full::default())?;
            let answer = self.send(request).await?;
            match answer.status {
                StatusCode::OK => return answer.json(),
                StatusCode::UNAUTHORIZED => {}
                _ => bail!(answer.said()),
            }
        }
        bail!("userinfo refuses")
    }

    /// A call with assertion and proof; once more when the provider names another nonce.
    async fn post(
        &mut self,
        endpoint: &str,
        form: Vec<(String, String)>,
    ) -> anyhow::Result<Answer> {
        for _ in 0..2 {
            let mut form = form.clone();
            form.push(owned(("client_assertion_type", JWT_BEARER)));
            form.push(("client_assertion".to_owned(), self.assertion()?));
            let proof = self.proof(&Method::POST, endpoint, None)?;
            let body = serde_urlencoded::to_string(form)?;
            let request = self
                .request(&Method::POST, endpoint)?
                .header("dpop", proof)
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(Full::new(Bytes::from(body)))?;
            let answer = self.send(request).await?;
            let is_nonce = answer.status.is_client_error()
                && answer.json()?.get("error") == Some(&json!("use_dpop_nonce"));
            if !is_nonce {
                return Ok(answer);
            }
        }
        bail!("{endpoint} does not take its own nonce")
    }

    async fn get(&mut self, place: &str) -> anyhow::Result<Answer> {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let mut request = self
            .request(&Method::GET, place)?
            .header(header::ACCEPT, "text/html,application/json");
        if !cookies.is_empty() {
            request = request.header(header::COOKIE, cookies.join("; "));
        }
        self.send(request.body(Full::default())?).await
    }

    fn request(&self, method: &Method, place: &str) -> anyhow::Result<http::request::Builder> {
        let uri: Uri = place.parse()?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        Ok(Request::builder()
            .method(method)
            .uri(path)
            .header(header::HOST, format!("localhost:{}", self.port))
            .header("x-forwarded-for", &self.address))
    }

    async fn send(&mut self, request: Request<Full<Bytes>>) -> anyhow::Result<Answer> {
        self.sender.ready().await?;
        let response = self.sender.send_request(request).await?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await?.to_bytes();
        if let Some(nonce) = parts.headers.get("dpop-nonce") {
            self.nonce = Some(nonce.to_str()?.to_owned());
        }
        for line in parts.headers.get_all(header::SET_COOKIE) {
            self.keep(line.to_str()?);
        }
        let place = parts.headers.get(header::LOCATION);
        Ok(Answer {
            status: parts.status,
            place: place.map_or(Ok(""), |place| place.to_str())?.to_owned(),
            body,
        })
    }

    fn keep(&mut self, line: &str) {
        let first = line.split(';').next().unwrap_or_default();
        let Some((name, value)) = first.split_once('=') else {
            return;
        };
        if value.is_empty() || line.contains("1970") {
            self.cookies.remove(name);
        } else {
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
    }

    fn assertion(&self) -> anyhow::Result<String> {
        let now = self.env.now().seconds();
        let claims = json!({
            "iss": self.party.id, "sub": self.party.id, "aud": self.metadata.issuer,
            "jti": self.draw(), "iat": now, "exp": now + 60,
        });
        Ok(Signer::new(&self.party.key, "JWT").sign(&claims)?)
    }

    fn proof(&self, method: &Method, uri: &str, token: Option<&str>) -> anyhow::Result<String> {
        let mut claims = json!({
            "htm": method.as_str(), "htu": uri, "iat": self.env.now().seconds(),
            "jti": self.draw(),
        });
        if let Some(fields) = claims.as_object_mut() {
            if let Some(nonce) = &self.nonce {
                fields.insert("nonce".to_owned(), json!(nonce));
            }
            if let Some(token) = token {
                let ath = base64url::encode(digest::sha256(token));
                fields.insert("ath".to_owned(), json!(ath));
            }
        }
        Ok(Signer::new(&self.proof_key, "dpop+jwt")
            .with_jwk()
            .sign(&claims)?)
    }

    /// A value nobody guesses.
    fn draw(&self) -> String {
        base64url::encode(self.env.bytes::<32>())
    }
}

fn owned((name, value): (&str, &str)) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn text<'v>(value: &'v Value, name: &str) -> anyhow::Result<&'v str> {
    let found = value.get(name).and_then(Value::as_str);
    found.with_context(|| format!("{name} is missing in {value}"))
}

fn claims(token: &str) -> anyhow::Result<Value> {
    let payload = token.split('.').nth(1).context("no token")?;
    Ok(serde_json::from_slice(&base64url::decode(payload)?)?)
}

/// Whether a published key signed the ID token.
fn verify(id_token: &str, keys: &Value) -> anyhow::Result<()> {
    let parsed = Unverified::parse_foreign(id_token)?;
    let kid = parsed.header().kid.clone();
    let keys = keys.get("keys").and_then(Value::as_array);
    let named = keys.into_iter().flatten().find(|jwk| {
        let own = jwk.get("kid").and_then(Value::as_str);
        kid.is_none() || own == kid.as_deref()
    });
    let key = ForeignKey::from_jwk(named.context("no published key has this kid")?)?;
    let _: Map<String, Value> = parsed.verify_foreign(&key)?.claims()?;
    Ok(())
}
