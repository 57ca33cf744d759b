//! The files that pages load: wasm, its loader, style, icon; small, hashed, precompressed, under target/site.

use crate::{
    npm, wasm_target,
    workspace::{cargo, root, run, target},
};
use anyhow::{Context, anyhow};
use lightningcss::{
    bundler::{Bundler, FileProvider},
    stylesheet::{MinifyOptions, ParserOptions, PrinterOptions},
};
use serde_json::json;
use sha2::{Digest, Sha256};
use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

const CRATE: &str = "portico_frontend";

/// Builds what has changed.
pub fn build() -> anyhow::Result<()> {
    wasm_target::ensure_installed()?;
    let raw = compile()?;
    let inputs =
        Inputs { wasm: fs::read(&raw)?, start: read("frontend/start.js")?, css: bundle_css()?, icon: read("style/icon.svg")? };
    let site = target().join("site");
    let fingerprint = inputs.fingerprint();
    let stamp = target().join("site.fingerprint");
    if site.join("manifest.json").exists() && fs::read_to_string(&stamp).ok() == Some(fingerprint.clone()) {
        return Ok(());
    }
    write_site(&site, &raw, &inputs)?;
    fs::write(stamp, fingerprint)?;
    Ok(())
}

struct Inputs {
    wasm: Vec<u8>,
    start: String,
    css: String,
    icon: String,
}

impl Inputs {
    fn fingerprint(&self) -> String {
        let mut hasher = Sha256::new();
        for part in
            [self.wasm.as_slice(), self.start.as_bytes(), self.css.as_bytes(), self.icon.as_bytes(), include_bytes!("site.rs")]
        {
            hasher.update(Sha256::digest(part));
        }
        hex(&hasher.finalize())
    }
}

fn read(path: &str) -> anyhow::Result<String> {
    fs::read_to_string(root().join(path)).with_context(|| format!("cannot read {path}"))
}

fn compile() -> anyhow::Result<PathBuf> {
    let build =
        ["build", "--package", "portico-frontend", "--lib", "--target", "wasm32-unknown-unknown", "--profile", "wasm-release"];
    run(&mut cargo(&build))?;
    Ok(target().join("wasm32-unknown-unknown/wasm-release").join(format!("{CRATE}.wasm")))
}

fn bundle_css() -> anyhow::Result<String> {
    let files = FileProvider::new();
    let mut bundler = Bundler::new(&files, None, ParserOptions::default());
    let mut sheet = bundler.bundle(&root().join("style/main.css")).map_err(|error| anyhow!("style/: {error}"))?;
    sheet.minify(MinifyOptions::default()).map_err(|error| anyhow!("style/: {error}"))?;
    let printed =
        sheet.to_css(PrinterOptions { minify: true, ..PrinterOptions::default() }).map_err(|error| anyhow!("style/: {error}"))?;
    Ok(printed.code)
}

fn write_site(site: &Path, raw: &Path, inputs: &Inputs) -> anyhow::Result<()> {
    let bound = target().join("wasm-bindgen");
    bind(raw, &bound)?;
    let wasm = bound.join(format!("{CRATE}_bg.wasm"));
    optimise(&wasm)?;
    if site.exists() {
        fs::remove_dir_all(site)?;
    }
    fs::create_dir_all(site.join("pkg"))?;
    let wasm = put(site, "portico", "wasm", &fs::read(wasm)?)?;
    let js = put(site, "portico", "js", &fs::read(bound.join(format!("{CRATE}.js")))?)?;
    let start = inputs.start.replace("PORTICO_JS", &js).replace("PORTICO_WASM", &wasm);
    let manifest = json!({
        "start": put(site, "start", "js", start.as_bytes())?,
        "css": put(site, "portico", "css", inputs.css.as_bytes())?,
        "icon": put(site, "icon", "svg", inputs.icon.as_bytes())?,
    });
    fs::write(site.join("manifest.json"), manifest.to_string())?;
    Ok(())
}

fn bind(raw: &Path, out: &Path) -> anyhow::Result<()> {
    let mut bindgen = wasm_bindgen_cli_support::Bindgen::new();
    bindgen.input_path(raw).typescript(false).omit_default_module_path(true);
    bindgen.web(true)?.generate(out)
}

fn optimise(wasm: &Path) -> anyhow::Result<()> {
    let wasm_opt = npm::install("xtask")?.join("wasm-opt");
    run(Command::new(wasm_opt).arg("-Oz").arg(wasm).arg("-o").arg(wasm))
}

/// Writes a file under a name that its content decides, and compressed beside it; its path for pages.
fn put(site: &Path, name: &str, extension: &str, content: &[u8]) -> anyhow::Result<String> {
    let hash = hex(&Sha256::digest(content));
    let file = format!("{name}.{}.{extension}", hash.get(..12).unwrap_or_default());
    let path = site.join("pkg").join(&file);
    fs::write(&path, content)?;
    let mut brotli = Vec::new();
    brotli::CompressorWriter::new(&mut brotli, 4096, 11, 22).write_all(content)?;
    fs::write(with_suffix(&path, ".br"), brotli)?;
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    gzip.write_all(content)?;
    fs::write(with_suffix(&path, ".gz"), gzip.finish()?)?;
    Ok(format!("/pkg/{file}"))
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
