//! Every component on one page, to look at while working on templates and the style sheet:
//! `cargo run -p web --example gallery`, then open the printed address. Templates are read again at
//! each request.

use kernel::Env;
use store::{Store, StoreConfig};
use web::{Access, Bundle, Page, Routes, Site, SiteConfig, Visit, ctx};

static BUNDLE: Bundle = Bundle {
    area: "gallery",
    templates: &[("gallery/gallery.html", include_str!("gallery.html"))],
    messages: include_str!("messages.yaml"),
    assets: &[],
};

async fn gallery(visit: Visit) -> Page {
    let body_class = visit.query().text("class").to_owned();
    visit.page("gallery/gallery.html", ctx! { body_class })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let data = tempdir()?;
    let config = StoreConfig::new(format!("sqlite:{}/gallery.db", data.display()));
    let store = Store::open(&config, Env::system(), &[&web::MIGRATIONS]).await?;
    let config = SiteConfig {
        is_demo: true,
        templates_dir: Some(concat!(env!("CARGO_MANIFEST_DIR"), "/..").into()),
        ..SiteConfig::default()
    };
    let site = Site::new(config, store, &[BUNDLE])?;
    let routes = Routes::new().get("/{lang}/gallery", Access::Public, gallery);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    announce(&format!("http://{address}/en/gallery"));
    axum::serve(listener, web::app(&site, routes)).await?;
    Ok(())
}

fn tempdir() -> std::io::Result<std::path::PathBuf> {
    let place = std::env::temp_dir().join(format!("causeway-gallery-{}", std::process::id()));
    std::fs::create_dir_all(&place)?;
    Ok(place)
}

#[expect(clippy::print_stdout, reason = "the one thing this tool says")]
fn announce(address: &str) {
    println!("{address}");
}
