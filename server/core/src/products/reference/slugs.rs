//! Names for URLs, each once.

use std::collections::HashMap;

/// Longest slug, in bytes, before a number is added to make it unique.
const SLUG_MAX: usize = 80;

/// Hands out slugs.
#[derive(Default)]
pub struct Slugs {
    uses: HashMap<String, u32>,
}

impl Slugs {
    /// Letters and digits in lower case with hyphens between them, and a number where a slug was given before.
    pub fn give(&mut self, name: &str) -> String {
        let base = slug(name);
        let mut candidate = base.clone();
        loop {
            if !self.uses.contains_key(&candidate) {
                self.uses.insert(candidate.clone(), 1);
                return candidate;
            }
            let uses = self.uses.entry(base.clone()).or_insert(1);
            *uses += 1;
            candidate = format!("{base}-{uses}");
        }
    }
}

fn slug(name: &str) -> String {
    let mut slug = String::new();
    let mut previous = ' ';
    for c in name.chars() {
        let starts_word = c.is_ascii_uppercase() && (previous.is_ascii_lowercase() || previous.is_ascii_digit());
        if (starts_word || !c.is_ascii_alphanumeric()) && !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
        if c.is_ascii_alphanumeric() {
            slug.push(c.to_ascii_lowercase());
        }
        previous = c;
        if slug.len() >= SLUG_MAX {
            break;
        }
    }
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "unnamed".to_owned() } else { slug.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_plain_and_unique() {
        let mut slugs = Slugs::default();
        let given: Vec<String> = ["getWeather", "get-weather", "GET /cities/{city}", "get-weather-2", "äöü", "", "HTTPError"]
            .map(|n| slugs.give(n))
            .into();
        assert_eq!(
            given,
            ["get-weather", "get-weather-2", "get-cities-city", "get-weather-2-2", "unnamed", "unnamed-2", "httperror"]
        );
    }
}
