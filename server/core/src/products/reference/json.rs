//! Reading a document that may be wrong anywhere: what is not as it should be reads as if it were not there.

use serde_json::Value;

/// Longest text that is kept, in characters.
const TEXT_MAX: usize = 20_000;

pub(super) fn reference(value: &Value) -> Option<&str> {
    value.get("$ref").and_then(Value::as_str)
}

/// The JSON pointer of a reference inside the document (RFC 6901, section 6).
pub(super) fn pointer(reference: &str) -> Option<String> {
    let fragment = reference.strip_prefix('#')?;
    let decoded = percent_encoding::percent_decode_str(fragment).decode_utf8().ok()?;
    (decoded.is_empty() || decoded.starts_with('/')).then(|| decoded.into_owned())
}

pub(super) fn text(parent: &Value, key: &str) -> String {
    parent.get(key).and_then(Value::as_str).map(shortened).unwrap_or_default()
}

pub(in crate::products) fn shortened(text: &str) -> String {
    first(text, TEXT_MAX)
}

/// The first so many characters of a text.
pub(in crate::products) fn first(text: &str, most: usize) -> String {
    text.char_indices().nth(most).map_or(text, |(end, _)| text.get(..end).unwrap_or_default()).to_owned()
}

/// How much is kept of a value beside its nested parts: one, and one more for every 100 bytes of its texts and names.
pub(super) fn weight(value: &Value) -> usize {
    let own = |value: &Value| match value {
        Value::String(text) => text.len().min(TEXT_MAX),
        Value::Array(items) => items.iter().filter_map(Value::as_str).map(str::len).sum(),
        Value::Object(members) => members.keys().map(String::len).sum(),
        _ => 0,
    };
    let members = value.as_object().into_iter().flatten();
    1 + members.map(|(name, value)| name.len() + own(value)).sum::<usize>() / 100
}

/// How many values a value is made of, counted as far as `most`; a long text counts as several.
pub(super) fn size(value: &Value, most: usize) -> usize {
    match value {
        Value::Array(items) => sum(items.iter(), most),
        Value::Object(members) => sum(members.values(), most),
        Value::String(text) => 1 + text.len() / 1_000,
        _ => 1,
    }
}

fn sum<'a>(values: impl Iterator<Item = &'a Value>, most: usize) -> usize {
    let mut total = 1;
    for value in values {
        if total > most {
            break;
        }
        total += size(value, most - total.min(most));
    }
    total
}

/// A text, or a number that was meant as one.
pub(in crate::products) fn scalar(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => shortened(text),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}

pub(super) fn flag(parent: &Value, key: &str) -> bool {
    parent.get(key).and_then(Value::as_bool).unwrap_or(false)
}

pub(super) fn list<'a>(parent: &'a Value, key: &str) -> &'a [Value] {
    parent.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}
