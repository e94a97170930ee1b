//! The measurements in `bench/`, on a release build and a Postgres that syncs as in production.

use crate::args::Args;
use crate::pg::{self, Cluster, Durability};
use crate::{install, shell};

pub(crate) fn run(args: Args) -> anyhow::Result<()> {
    install::ensure(install::FOR_RUST_TESTS)?;
    let wanted = args.rest();
    let is_all = wanted.iter().all(|word| word.starts_with("--"));
    if is_all || wanted.iter().any(|word| word == "login") {
        // It measures the binary beside it, and another maker's server.
        install::ensure_node()?;
        let release = ["build", "--release", "--locked", "--package", "causeway"];
        shell::run(shell::cargo().args(release).args(["--package", "bench"]))?;
    }
    let cluster = Cluster::of_checkout(Durability::Full);
    let was_running = cluster.url().is_some();
    let url = cluster.start()?;
    let mut bench = shell::cargo();
    bench.args(["run", "--release", "--locked", "--package", "bench", "--"]);
    let result = shell::run(bench.args(wanted).env(pg::VARIABLE, url));
    if !was_running {
        cluster.stop()?;
    }
    result
}
