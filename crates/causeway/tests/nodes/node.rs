//! Two processes, one database, and what asks them over the network.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full};
use hyper::{body::Bytes, client::conn::http1::handshake};
use hyper_util::rt::TokioIo;
use kernel::Env;
use serde_json::Value;
use testkit::{Sheet, encode};
use tokio::net::TcpStream;
use tokio_postgres::NoTls;

/// The server that keeps throw-away databases.
const POSTGRES: &str = "CAUSEWAY_TEST_POSTGRES";
/// Who answers the phone, and a name that only their pages show.
pub(crate) const PERSON: (&str, &str) = ("cheung-ka-yan", "CHEUNG Ka Yan");
/// Redirects followed before a test gives up.
const HOPS: usize = 10;

/// A node by its port.
#[derive(Clone, Copy)]
pub(crate) struct Node(u16);

/// Both nodes with what they share.
pub(crate) struct Nodes {
    pub(crate) a: Node,
    pub(crate) b: Node,
    /// The issuer, which a balancer in front would answer at.
    pub(crate) base: String,
    pub(crate) dir: PathBuf,
    /// Where both keep what they know.
    pub(crate) database: String,
    children: Vec<Child>,
    server: String,
    name: String,
}

impl Nodes {
    /// Starts both on a fresh database.
    pub(crate) async fn start() -> Self {
        let server = std::env::var(POSTGRES).unwrap_or_default();
        assert!(
            !server.is_empty(),
            "{POSTGRES} is not set: run these tests with `cargo xtask pg run -- cargo test …`"
        );
        let id = Env::system().id::<Node>();
        let name = format!("causeway_nodes_{}", id.to_string().to_lowercase());
        administer(&server, &format!("CREATE DATABASE {name}")).await;
        let (host, _) = server.rsplit_once('/').unwrap();
        let database = format!("{host}/{name}");
        let dir = std::env::temp_dir().join(&name);
        let (a, b) = (free_port(), free_port());
        let base = format!("http://localhost:{a}");
        let mut children = Vec::new();
        for port in [a, b] {
            children.push(serve(&dir, &database, (port, &base)));
        }
        Self {
            a: Node(a),
            b: Node(b),
            base,
            dir,
            database,
            children,
            server,
            name,
        }
    }

    /// Ends the nodes and drops their database.
    pub(crate) async fn stop(mut self) {
        for child in &mut self.children {
            child.kill().unwrap();
            child.wait().unwrap();
        }
        let drop = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        administer(&self.server, &drop).await;
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.local_addr().unwrap().port()
}

/// Starts a node and waits until it answers.
fn serve(dir: &Path, database: &str, (port, base): (u16, &str)) -> Child {
    let mut child = Command::new(env!("CARGO_BIN_EXE_causeway"))
        .args(["serve", "--demo", "--database", database])
        .args(["--listen", &format!("127.0.0.1:{port}")])
        .arg("--data")
        .arg(dir)
        .env("CAUSEWAY__SERVER__BASE_URL", base)
        .env("CAUSEWAY__LOG__FILTER", "error")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let is_ready = lines
        .by_ref()
        .any(|line| line.unwrap().contains("Causeway is ready"));
    assert!(is_ready, "the node ended before it was ready");
    child
}

async fn administer(server: &str, statement: &str) {
    let (client, connection) = tokio_postgres::connect(server, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(statement).await.unwrap();
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    /// Where it was found, after redirects.
    pub(crate) path: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub(crate) fn header(&self, name: &str) -> String {
        let value = self.headers.get(name);
        value.map_or("", |value| value.to_str().unwrap()).to_owned()
    }

    pub(crate) fn place(&self) -> String {
        self.header(header::LOCATION.as_str())
    }
}

/// One request on a connection of its own.
pub(crate) async fn send(
    node: Node,
    (method, path): (Method, &str),
    headers: &[(&str, &str)],
    form: &[(String, String)],
) -> Answer {
    let mut headers = headers.to_vec();
    if !form.is_empty() {
        headers.push(("content-type", "application/x-www-form-urlencoded"));
    }
    send_text(node, (method, path), &headers, &encode(form)).await
}

/// The same with another body.
pub(crate) async fn send_text(
    node: Node,
    (method, path): (Method, &str),
    headers: &[(&str, &str)],
    body: &str,
) -> Answer {
    let stream = TcpStream::connect(("127.0.0.1", node.0)).await.unwrap();
    let (mut sender, connection) = handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, format!("localhost:{}", node.0));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let body = Full::new(Bytes::from(body.to_owned()));
    let response = sender
        .send_request(request.body(body).unwrap())
        .await
        .unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer {
        status: parts.status,
        headers: parts.headers,
        text: String::from_utf8_lossy(&bytes).into_owned(),
        path: path.to_owned(),
    }
}

/// A browser that a balancer sends to one node or the other.
pub(crate) struct Browser {
    base: String,
    cookies: BTreeMap<String, String>,
}

impl Browser {
    pub(crate) fn new(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            cookies: BTreeMap::new(),
        }
    }

    /// One request, no redirect followed.
    pub(crate) async fn step(&mut self, node: Node, path: &str) -> Answer {
        self.ask(node, (Method::GET, path), &[]).await
    }

    /// Opens a page and follows redirects on the same node.
    pub(crate) async fn open(&mut self, node: Node, path: &str) -> Answer {
        let mut path = path.to_owned();
        for _ in 0..HOPS {
            let answer = self.step(node, &path).await;
            if !answer.status.is_redirection() {
                return answer;
            }
            path = answer.place();
        }
        panic!("more than {HOPS} redirects, last to {path}");
    }

    async fn ask(
        &mut self,
        node: Node,
        (method, path): (Method, &str),
        form: &[(String, String)],
    ) -> Answer {
        let cookies: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        let cookies = cookies.join("; ");
        let base = self.base.clone();
        let mut headers = vec![("accept", "text/html"), ("origin", base.as_str())];
        if !cookies.is_empty() {
            headers.push(("cookie", &cookies));
        }
        let answer = send(node, (method, path), &headers, form).await;
        for line in answer.headers.get_all(header::SET_COOKIE) {
            let pair = line.to_str().unwrap().split(';').next().unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        answer
    }

    /// Fills in the form of `page` that goes to `action`.
    pub(crate) async fn fill(
        &mut self,
        node: Node,
        (page, action): (&Answer, &str),
        answers: &[(&str, &str)],
    ) -> Answer {
        let sheet = Sheet::find(&page.text, action);
        let sheet = sheet.unwrap_or_else(|| panic!("{} has no form to {action}", page.path));
        let form = sheet.filled(answers);
        self.ask(node, (Method::POST, &sheet.action), &form).await
    }

    /// Agrees on the consent page `page`: the code.
    pub(crate) async fn agree(&mut self, node: Node, page: &Answer) -> String {
        let action = page.path.split('?').next().unwrap();
        let back = self
            .fill(node, (page, action), &[("choice", "allow")])
            .await;
        code_of(&back)
    }
}

/// The code in the address the browser is sent to.
pub(crate) fn code_of(answer: &Answer) -> String {
    let place = answer.place();
    let (_, rest) = place
        .split_once("code=")
        .unwrap_or_else(|| panic!("no code in {place}: {}", answer.text));
    rest.split('&').next().unwrap().to_owned()
}

/// The simulated phone, on `node`, approves what the waiting page at `path` asks.
pub(crate) async fn approve(nodes: &Nodes, node: Node, path: &str) {
    let id = path.split('?').next().unwrap().rsplit('/').next().unwrap();
    let mut phone = Browser::new(&nodes.base);
    let path = format!("/en/demo/phone?person={}&approval={id}", PERSON.0);
    let page = phone.open(node, &path).await;
    let opened = phone.fill(node, (&page, "/demo/phone"), &[]).await;
    answer_with(&mut phone, node, &opened.place()).await;
}

/// The simulated phone, on `node`, approves what has come in without a browser.
pub(crate) async fn approve_latest(nodes: &Nodes, node: Node) {
    let mut phone = Browser::new(&nodes.base);
    let path = format!("/en/demo/phone?person={}", PERSON.0);
    let page = phone.open(node, &path).await;
    let id = waiting(&page.text);
    approve(nodes, node, &format!("/en/approvals/{id}")).await;
}

/// The approval that a button of the phone's page opens.
fn waiting(html: &str) -> String {
    html.split("name=\"approval\" value=\"")
        .skip(1)
        .filter_map(|part| part.split('"').next())
        .find(|id| !id.is_empty())
        .unwrap_or_else(|| panic!("the phone shows nothing to approve: {html}"))
        .to_owned()
}

async fn answer_with(phone: &mut Browser, node: Node, path: &str) {
    let page = phone.open(node, path).await;
    let given = [("decision", "approve")];
    let done = phone.fill(node, (&page, path), &given).await;
    assert_eq!(done.status, StatusCode::SEE_OTHER, "{}", done.text);
}
