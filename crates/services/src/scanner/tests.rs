use tokio::{io::AsyncReadExt, net::TcpListener};

use super::*;

/// A clamd that knows one signature.
pub(crate) async fn clamd() -> Scanner {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut command = [0; 10];
                stream.read_exact(&mut command).await.unwrap();
                assert_eq!(&command, b"zINSTREAM\0");
                let mut body = Vec::new();
                loop {
                    let length = stream.read_u32().await.unwrap();
                    if length == 0 {
                        break;
                    }
                    let mut chunk = vec![0; length as usize];
                    stream.read_exact(&mut chunk).await.unwrap();
                    body.extend(chunk);
                }
                let bad = body.windows(5).any(|window| window == b"EICAR");
                let answer: &[u8] = if bad {
                    b"stream: Eicar-Signature FOUND\0"
                } else {
                    b"stream: OK\0"
                };
                stream.write_all(answer).await.unwrap();
            });
        }
    });
    Scanner::Tcp(address)
}

#[tokio::test]
async fn a_clean_and_an_infected_file_are_told_apart() {
    let scanner = clamd().await;
    let large = vec![7; 3 * CHUNK_BYTES + 1];
    assert_eq!(scanner.examine(&large).await.unwrap(), Verdict::Clean);
    assert_eq!(
        scanner.examine(b"%PDF-1.7 EICAR").await.unwrap(),
        Verdict::Infected("Eicar-Signature".into())
    );
}

#[tokio::test]
async fn an_unreachable_scanner_is_an_error_and_never_a_clean_file() {
    let scanner = Scanner::Tcp("127.0.0.1:1".into());
    assert!(matches!(
        scanner.examine(b"x").await,
        Err(ScanError::Unreachable(_))
    ));
}

#[tokio::test]
async fn without_a_scanner_a_file_is_not_scanned() {
    let verdict = Scanner::Absent.examine(b"x").await.unwrap();
    assert_eq!(verdict, Verdict::NotScanned);
}

#[test]
fn an_answer_that_is_no_verdict_is_an_error() {
    assert!(verdict("INSTREAM size limit exceeded. ERROR").is_err());
}
