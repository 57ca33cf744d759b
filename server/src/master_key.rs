//! The key that every other key is derived from.

use anyhow::{Context, bail, ensure};
use portico_core::clock::Random;
use std::{
    fs::{self, OpenOptions},
    io::{ErrorKind, Write},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::Path,
};

/// Reads a key file, making it when absent, for its owner alone.
pub fn read_or_make(path: &Path, random: &Random) -> anyhow::Result<[u8; 32]> {
    match fs::read_to_string(path) {
        Ok(text) => {
            let mode = fs::metadata(path)?.permissions().mode();
            ensure!(mode & 0o077 == 0, "{} can be read by others: chmod 600 it", path.display());
            parse(&text).with_context(|| format!("{} is not 64 hexadecimal digits", path.display()))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => make(path, random),
        Err(error) => Err(error).with_context(|| format!("cannot read the master key {}", path.display())),
    }
}

fn make(path: &Path, random: &Random) -> anyhow::Result<[u8; 32]> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
    }
    let key = random.bytes();
    let text: String = key.iter().map(|byte: &u8| format!("{byte:02x}")).collect();
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("cannot write the master key {}", path.display()))?;
    writeln!(file, "{text}")?;
    file.sync_all()?;
    Ok(key)
}

fn parse(text: &str) -> anyhow::Result<[u8; 32]> {
    let text = text.trim();
    ensure!(text.len() == 64 && text.is_ascii(), "its length is wrong");
    let mut key = [0; 32];
    for (byte, digits) in key.iter_mut().zip(text.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(digits)?, 16)?;
    }
    if key == [0; 32] {
        bail!("it is all zeros");
    }
    Ok(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_for_its_owner_alone() {
        let directory = std::env::temp_dir().join(format!("portico-master-key-{}", std::process::id()));
        let path = directory.join("master.key");
        let made = read_or_make(&path, &Random::from_seed(1)).unwrap();
        assert_eq!(read_or_make(&path, &Random::from_seed(2)).unwrap(), made);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(read_or_make(&path, &Random::from_seed(1)).unwrap_err().to_string().contains("chmod 600"));
        fs::remove_file(&path).unwrap();
        fs::write(&path, "short").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(read_or_make(&path, &Random::from_seed(1)).is_err());
        fs::remove_dir_all(&directory).unwrap();
    }
}
