//! What must hold before a change is looked at.

use crate::{
    npm, site,
    workspace::{cargo, output, root, run},
};
use anyhow::{Context, ensure};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// A text that may not stand in the code, where, and why.
struct Forbidden {
    pattern: &'static str,
    folders: &'static [&'static str],
    except: &'static [&'static str],
    reason: &'static str,
}

const FORBIDDEN: &[Forbidden] = &[
    Forbidden {
        pattern: "<textarea",
        folders: &["app/src"],
        except: &["app/src/ui/forms.rs"],
        reason: "Leptos 0.8 does not escape a textarea's children: use TextArea",
    },
    Forbidden {
        pattern: "<Title ",
        folders: &["app/src"],
        except: &["app/src/ui/layout.rs"],
        reason: "Leptos 0.8 does not escape a title: use PageTitle",
    },
    Forbidden {
        pattern: "inner_html",
        folders: &["app/src"],
        except: &["app/src/ui/forms.rs", "app/src/ui/markdown.rs", "app/src/ui/code.rs"],
        reason: "HTML from text is how scripts get in",
    },
    Forbidden {
        pattern: ", ServerFnError>",
        folders: &["app/src", "server/src"],
        except: &[],
        reason: "its From<E: Error> sends a library's words to the browser: use UiError",
    },
    Forbidden {
        pattern: "ServerFnError::",
        folders: &["app/src", "server/src"],
        except: &[],
        reason: "its From<E: Error> sends a library's words to the browser: use UiError",
    },
    Forbidden { pattern: "ServerAction", folders: &["app/src"], except: &[], reason: "it brings 60 kB of client: use Form" },
    Forbidden {
        pattern: "AssertSqlSafe",
        folders: &["server/core/src"],
        except: &[],
        reason: "SQL is not made of text at run time",
    },
    Forbidden { pattern: "pgcrypto", folders: &["migrations"], except: &[], reason: "not every Postgres has it" },
    Forbidden { pattern: "uuidv7()", folders: &["migrations"], except: &[], reason: "Postgres 15 to 17 lack it" },
    Forbidden { pattern: "ActionForm", folders: &["app/src"], except: &[], reason: "it brings 60 kB of client: use Form" },
    Forbidden { pattern: "leptos", folders: &["server/core/src", "server/gateway/src"], except: &[], reason: "rules know no UI" },
    Forbidden { pattern: "axum", folders: &["server/core/src"], except: &[], reason: "rules know no HTTP server" },
    Forbidden {
        pattern: "sqlx::query",
        folders: &["app/src", "server/src", "server/gateway/src"],
        except: &[],
        reason: "SQL belongs to portico-core",
    },
    Forbidden {
        pattern: "#[instrument]",
        folders: &["app/src", "server"],
        except: &[],
        reason: "it logs every argument: skip_all",
    },
    Forbidden {
        pattern: "todo!(",
        folders: &["app", "server", "frontend", "xtask"],
        except: &["xtask/src/check.rs"],
        reason: "finish it",
    },
];

/// Runs every check.
pub fn check() -> anyhow::Result<()> {
    run(&mut cargo(&["fmt", "--all", "--check"]))?;
    forbidden_patterns()?;
    site::build()?;
    browser_crates()?;
    let deny = ["--", "--deny", "warnings"];
    run(cargo(&["clippy", "--all-targets", "--quiet"]).args(deny))?;
    run(cargo(&["clippy", "--package", "xtask", "--quiet"]).args(deny))?;
    let browser =
        ["clippy", "--package", "portico-frontend", "--target", "wasm32-unknown-unknown", "--profile", "wasm-release", "--quiet"];
    run(cargo(&browser).args(deny))?;
    api_description()?;
    println!("All checks hold.");
    Ok(())
}

fn api_description() -> anyhow::Result<()> {
    let mut lint = Command::new(npm::install("end2end")?.join("redocly"));
    // It would tell its makers who lints, and look for a newer one.
    lint.env("REDOCLY_TELEMETRY", "off").env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true");
    run(lint.args(["lint", "openapi.json", "--config", "redocly.yaml"]).current_dir(root().join("docs")))
}

fn forbidden_patterns() -> anyhow::Result<()> {
    let mut found = Vec::new();
    for rule in FORBIDDEN {
        for folder in rule.folders {
            for file in source_files(&root().join(folder))? {
                let name = file.strip_prefix(root())?.display().to_string();
                if rule.except.contains(&name.as_str()) {
                    continue;
                }
                let text = fs::read_to_string(&file)?;
                let lines = text
                    .lines()
                    .enumerate()
                    .filter(|(_, line)| line.contains(rule.pattern) && !line.trim_start().starts_with("//"));
                found.extend(lines.map(|(index, _)| format!("{name}:{}: {}: {}", index + 1, rule.pattern, rule.reason)));
            }
        }
    }
    ensure!(found.is_empty(), "forbidden:\n{}", found.join("\n"));
    Ok(())
}

fn source_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(source_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs" || extension == "sql") {
            files.push(path);
        }
    }
    Ok(files)
}

/// Every crate that reaches the browser costs every visitor: a new one is a decision.
fn browser_crates() -> anyhow::Result<()> {
    let tree = [
        "tree",
        "--package",
        "portico-frontend",
        "--target",
        "wasm32-unknown-unknown",
        "--edges",
        "normal",
        "--prefix",
        "none",
        "--format",
        "{p}",
    ];
    let printed = output(&mut cargo(&tree))?;
    let crates: BTreeSet<&str> = printed.lines().filter_map(|line| line.split_whitespace().next()).collect();
    let list = root().join("frontend/crates.txt");
    let allowed = fs::read_to_string(&list)?;
    let allowed: BTreeSet<&str> = allowed.lines().filter(|line| !line.is_empty()).collect();
    let added: Vec<_> = crates.difference(&allowed).collect();
    let removed: Vec<_> = allowed.difference(&crates).collect();
    ensure!(
        added.is_empty() && removed.is_empty(),
        "the crates that reach the browser have changed: {} adds {added:?} and loses {removed:?}. If that is meant, change the list.",
        list.display()
    );
    Ok(())
}
