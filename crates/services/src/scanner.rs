//! Examination of uploaded files for malware. The platform talks to a clamd daemon by its INSTREAM
//! command (clamd(8)); without one, files stay visibly `not_scanned`.

use std::{fmt, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// Bytes of one INSTREAM chunk.
const CHUNK_BYTES: usize = 64 * 1024;
/// Bytes of an answer that are read.
const ANSWER_BYTES: u64 = 4096;
/// The longest one examination may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// Which examiner this installation uses.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scanner {
    /// None: every file stays `not_scanned`.
    #[default]
    Absent,
    /// A clamd at `host:port`.
    Tcp(String),
    /// A clamd at a Unix socket.
    Unix(PathBuf),
}

/// What the examiner says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Verdict {
    Clean,
    /// With the name the examiner gives the finding.
    Infected(String),
    NotScanned,
}

/// The examiner could not be asked; the job asks again later.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    #[error("the scanner cannot be reached: {0}")]
    Unreachable(#[from] std::io::Error),
    #[error("the scanner did not answer in {} seconds", PATIENCE.as_secs())]
    Late,
    #[error("the scanner answered with something else than a verdict")]
    Unclear,
}

impl Scanner {
    /// Examines `bytes`.
    ///
    /// # Errors
    /// The examiner cannot be reached or does not answer: nothing is known about the file.
    pub async fn examine(&self, bytes: &[u8]) -> Result<Verdict, ScanError> {
        let talk = async {
            match self {
                Self::Absent => Ok(Verdict::NotScanned),
                Self::Tcp(address) => instream(TcpStream::connect(address).await?, bytes).await,
                Self::Unix(path) => unix(path, bytes).await,
            }
        };
        timeout(PATIENCE, talk).await.map_err(|_| ScanError::Late)?
    }
}

impl fmt::Display for Scanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Absent => f.write_str("no scanner"),
            Self::Tcp(address) => write!(f, "clamd at {address}"),
            Self::Unix(path) => write!(f, "clamd at {}", path.display()),
        }
    }
}

#[cfg(unix)]
async fn unix(path: &std::path::Path, bytes: &[u8]) -> Result<Verdict, ScanError> {
    instream(tokio::net::UnixStream::connect(path).await?, bytes).await
}

#[cfg(not(unix))]
async fn unix(_path: &std::path::Path, _bytes: &[u8]) -> Result<Verdict, ScanError> {
    Err(ScanError::Unreachable(
        std::io::ErrorKind::Unsupported.into(),
    ))
}

/// `zINSTREAM\0`, then chunks each led by its length (32 bits, network order), then a zero length.
async fn instream<S>(mut stream: S, bytes: &[u8]) -> Result<Verdict, ScanError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send,
{
    stream.write_all(b"zINSTREAM\0").await?;
    for chunk in bytes.chunks(CHUNK_BYTES) {
        let length = u32::try_from(chunk.len()).unwrap_or_default();
        stream.write_all(&length.to_be_bytes()).await?;
        stream.write_all(chunk).await?;
    }
    stream.write_all(&0_u32.to_be_bytes()).await?;
    stream.flush().await?;
    let mut answer = Vec::new();
    stream.take(ANSWER_BYTES).read_to_end(&mut answer).await?;
    verdict(&String::from_utf8_lossy(&answer))
}

/// Reads `stream: OK` or `stream: <name> FOUND`.
fn verdict(answer: &str) -> Result<Verdict, ScanError> {
    let answer = answer.trim_matches(['\0', '\n', ' ']);
    let words = answer.strip_prefix("stream: ").unwrap_or(answer);
    match words.strip_suffix(" FOUND") {
        Some(name) => Ok(Verdict::Infected(name.to_owned())),
        None if words == "OK" => Ok(Verdict::Clean),
        None => Err(ScanError::Unclear),
    }
}

#[cfg(test)]
pub(crate) mod tests;
