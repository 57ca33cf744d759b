//! Labels: what programs mark things with, and find them by.

use crate::{problem::Rule, text::Fields};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// At most this many on one thing.
const MAX: usize = 50;
/// Longest key and value, in characters.
const LENGTH_MAX: usize = 63;
/// What no key begins with: others keep their own marks there.
const RESERVED: [&str; 7] = ["kong", "konnect", "insomnia", "mesh", "kic", "kuma", "_"];

/// Labels by their keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct Labels(pub BTreeMap<String, String>);

/// What somebody changes of labels: a null removes one, what is not named stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(transparent)]
pub struct LabelsChange(pub BTreeMap<String, Option<String>>);

/// The labels after a change: none leaves them, null removes them all.
pub fn changed(mut labels: Labels, change: Option<Option<LabelsChange>>) -> Labels {
    let Some(change) = change else { return labels };
    let Some(change) = change else { return Labels::default() };
    for (key, value) in change.0 {
        match value {
            Some(value) => labels.0.insert(key, value),
            None => labels.0.remove(&key),
        };
    }
    labels
}

impl Fields {
    /// Labels as Konnect has them.
    pub fn labels(&mut self, field: &str, labels: &Labels) {
        if labels.0.len() > MAX {
            self.reject(field, Rule::MaxItems(MAX));
        }
        for (key, value) in &labels.0 {
            let is_reserved = RESERVED.iter().any(|reserved| key.starts_with(reserved));
            if is_reserved || !is_label(key) || !is_label(value) {
                self.reject(&format!("{field}.{key}"), Rule::Label);
            }
        }
    }
}

fn is_label(text: &str) -> bool {
    let is_end = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    text.len() <= LENGTH_MAX
        && is_end(text.chars().next())
        && is_end(text.chars().next_back())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Problem;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        Labels(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    #[test]
    fn labels_are_plain_words_with_free_beginnings() {
        let long = "x".repeat(64);
        let check = |key: &str, value: &str| {
            let mut fields = Fields::new();
            fields.labels("labels", &labels(&[(key, value)]));
            fields.finish()
        };
        assert_eq!(check("env", "test-1.0_b"), Ok(()));
        for (key, value) in
            [("", "x"), ("x", ""), ("-x", "x"), ("x", "x."), ("a b", "x"), ("kong-x", "x"), ("_x", "x"), ("x", &*long)]
        {
            assert_eq!(check(key, value), Err(Problem::field(&format!("labels.{key}"), Rule::Label)), "{key}: {value}");
        }
    }

    #[test]
    fn a_change_adds_replaces_and_removes() {
        let change = [("a", Some("2")), ("b", None), ("d", Some("4"))];
        let change = LabelsChange(change.into_iter().map(|(key, value)| (key.to_owned(), value.map(str::to_owned))).collect());
        let before = labels(&[("a", "1"), ("b", "2"), ("c", "3")]);
        assert_eq!(changed(before.clone(), Some(Some(change))), labels(&[("a", "2"), ("c", "3"), ("d", "4")]));
        assert_eq!(changed(before.clone(), None), before);
        assert_eq!(changed(before, Some(None)), labels(&[]));
    }
}
