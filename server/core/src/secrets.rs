//! Secrets: how they look, how they are kept, and how they are compared.
//!
//! Nothing here implements `Debug` or `Serialize` in a way that shows a secret.

use crate::{Core, clock::Random};
use aes_gcm_siv::{
    Aes256GcmSiv, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use anyhow::{Context, anyhow};
use hmac::{Hmac, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A secret in clear, for as short as possible.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Plain(String);

impl Plain {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The secret itself. Whoever calls this shows it to its owner, or sends it where it belongs.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

/// Keys derived from the deployment's master key (HKDF-SHA-256, RFC 5869), one per purpose.
pub struct Secrets {
    seal: [u8; 32],
    digest: [u8; 32],
}

/// Says which key sealed a value, so that keys can rotate.
const SEAL_VERSION: u8 = 1;

impl Secrets {
    /// Derives the keys from a master key of 32 bytes.
    pub fn from_master_key(master: &[u8; 32]) -> anyhow::Result<Self> {
        let hkdf = hkdf::Hkdf::<Sha256>::new(None, master);
        let derive = |purpose: &[u8]| {
            let mut key = [0; 32];
            hkdf.expand(purpose, &mut key).map(|()| key).map_err(|_| anyhow!("cannot derive a key"))
        };
        Ok(Self { seal: derive(b"portico/seal/1")?, digest: derive(b"portico/digest/1")? })
    }

    /// What is kept of a random secret: HMAC-SHA-256 under this deployment's key.
    pub fn digest(&self, secret: &str) -> Vec<u8> {
        self.digest_mac(secret).finalize().into_bytes().to_vec()
    }

    fn digest_mac(&self, secret: &str) -> Hmac<Sha256> {
        // HMAC takes a key of any length, so a block-sized key cannot be refused.
        let mut block = [0_u8; 64];
        block.iter_mut().zip(self.digest).for_each(|(b, k)| *b = k);
        let mut mac = <Hmac<Sha256> as KeyInit>::new(&block.into());
        mac.update(secret.as_bytes());
        mac
    }

    /// Whether a secret is the one that a digest was made of, in constant time.
    pub fn matches(&self, secret: &str, digest: &[u8]) -> bool {
        self.digest(secret).ct_eq(digest).into()
    }

    /// Seals a value with AES-256-GCM-SIV (RFC 8452); it opens only in the same context.
    pub fn seal(&self, random: &Random, context: &str, plain: &[u8]) -> anyhow::Result<Vec<u8>> {
        let nonce: [u8; 12] = random.bytes();
        let cipher = Aes256GcmSiv::new(&self.seal.into());
        let payload = Payload { msg: plain, aad: context.as_bytes() };
        let sealed = cipher.encrypt(&Nonce::from(nonce), payload).map_err(|_| anyhow!("cannot seal"))?;
        Ok([&[SEAL_VERSION][..], &nonce, &sealed].concat())
    }

    /// Opens what [`Secrets::seal`] made.
    pub fn open(&self, context: &str, sealed: &[u8]) -> anyhow::Result<Vec<u8>> {
        let (version, rest) = sealed.split_first().context("a sealed value is empty")?;
        anyhow::ensure!(*version == SEAL_VERSION, "a value is sealed under key {version}, which is not here");
        let (nonce, sealed) = rest.split_first_chunk::<12>().context("a sealed value is too short")?;
        let cipher = Aes256GcmSiv::new(&self.seal.into());
        let payload = Payload { msg: sealed, aad: context.as_bytes() };
        cipher
            .decrypt(&Nonce::from(*nonce), payload)
            .map_err(|_| anyhow!("a sealed value does not open: was the master key replaced?"))
    }
}

/// SHA-256, for random tokens that need no key to be safe.
pub fn sha256(text: &str) -> Vec<u8> {
    Sha256::digest(text.as_bytes()).to_vec()
}

/// A digest of several parts, which no other parts have.
pub fn sha256_of(parts: &[&[u8]]) -> Vec<u8> {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update(part.len().to_be_bytes());
        digest.update(part);
    }
    digest.finalize().to_vec()
}

const KEY_ID_LENGTH: usize = 12;
const KEY_SECRET_LENGTH: usize = 43;
const CHECKSUM_LENGTH: usize = 6;
const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The parts of an API key: `ptk_<region>_<key id><secret><checksum>`.
///
/// The prefix lets scanners recognise a leaked key; the checksum lets a gateway refuse a mistyped one
/// without looking anything up; key id and secret are random (256 bits for the secret).
pub struct ApiKey {
    /// `ptk_<region>_<key id>`: identifies the key and may be shown.
    pub prefix: String,
    pub key: Plain,
}

impl ApiKey {
    /// A new key of this region.
    pub fn generate(region: &str, random: &Random) -> Self {
        let prefix = format!("ptk_{region}_{}", base62(random, KEY_ID_LENGTH));
        let body = format!("{prefix}{}", base62(random, KEY_SECRET_LENGTH));
        let key = Plain::new(format!("{body}{}", checksum(&body)));
        Self { prefix, key }
    }

    /// The prefix of what may be a key, or `None` where the checksum shows that it is none.
    pub fn prefix_of(key: &str) -> Option<&str> {
        let key_id_ends = key.len().checked_sub(CHECKSUM_LENGTH + KEY_SECRET_LENGTH)?;
        let body = key.get(..key.len() - CHECKSUM_LENGTH)?;
        let well_formed = key.starts_with("ptk_") && key.get(body.len()..)? == checksum(body);
        if well_formed { key.get(..key_id_ends) } else { None }
    }
}

fn checksum(body: &str) -> String {
    let mut rest = usize::try_from(crc32fast::hash(body.as_bytes())).unwrap_or(0);
    let mut digits = [b'0'; CHECKSUM_LENGTH];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET.get(rest % 62).copied().unwrap_or(b'0');
        rest /= 62;
    }
    digits.iter().map(|&d| char::from(d)).collect()
}

/// Random characters, each of 62 with the same probability.
fn base62(random: &Random, length: usize) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        for byte in random.bytes::<64>() {
            // 248 is the largest multiple of 62 below 256: what lies above would favour some characters.
            if byte < 248 && text.len() < length {
                text.extend(ALPHABET.get(usize::from(byte % 62)).map(|&c| char::from(c)));
            }
        }
    }
    text
}

impl Core {
    /// A random token of 256 bits for a link or a bearer, with what is kept of it.
    pub fn new_token(&self, prefix: &str) -> (Plain, Vec<u8>) {
        let token = format!("{prefix}{}", base62(&self.random, KEY_SECRET_LENGTH));
        let digest = sha256(&token);
        (Plain::new(token), digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secrets() -> Secrets {
        Secrets::from_master_key(&[7; 32]).unwrap()
    }

    #[test]
    fn a_key_shows_its_region_and_refuses_typing_errors() {
        let key = ApiKey::generate("eu", &Random::from_seed(1));
        let text = key.key.expose();
        assert!(key.prefix.starts_with("ptk_eu_"));
        assert_eq!(ApiKey::prefix_of(text), Some(key.prefix.as_str()));
        let mut mistyped = text.to_owned();
        mistyped.replace_range(20..21, if &text[20..21] == "a" { "b" } else { "a" });
        for bad in [mistyped.as_str(), &text[1..], "", "ptk_", "ptk_eu_é", &format!("{text}x")] {
            assert_eq!(ApiKey::prefix_of(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_digest_matches_only_its_secret() {
        let digest = secrets().digest("one");
        assert!(secrets().matches("one", &digest));
        assert!(!secrets().matches("two", &digest));
        assert!(!Secrets::from_master_key(&[8; 32]).unwrap().matches("one", &digest));
    }

    #[test]
    fn a_sealed_value_opens_only_in_its_context_and_unchanged() {
        let sealed = secrets().seal(&Random::from_seed(1), "flash", b"key").unwrap();
        assert_eq!(secrets().open("flash", &sealed).unwrap(), b"key");
        assert!(secrets().open("other", &sealed).is_err());
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(secrets().open("flash", &changed).is_err());
        assert!(secrets().open("flash", &[]).is_err());
    }
}
