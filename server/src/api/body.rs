//! JSON objects as the contracts have them: closed, and with every wrong property told at once.

use super::{
    of_type,
    problem::{Refusal, Source},
};
use axum::{
    body::Bytes,
    extract::{FromRequest, Request},
};
use portico_model::problem::{FieldProblem, Problem, Rule, ValueType};
use serde_json::{Map, Value};
use uuid::Uuid;

/// Largest body, in bytes.
const BODY_MAX: usize = 1024 * 1024;

/// The object of a request, of which one property after the other is taken.
pub struct Object {
    properties: Map<String, Value>,
    problems: Vec<FieldProblem>,
}

impl<S: Send + Sync> FromRequest<S> for Object {
    type Rejection = Refusal;

    async fn from_request(request: Request, state: &S) -> Result<Self, Refusal> {
        let bytes = Bytes::from_request(request, state).await;
        let bytes = bytes.ok().filter(|bytes| bytes.len() <= BODY_MAX).ok_or_else(|| body(Rule::TooLarge(BODY_MAX)))?;
        match serde_json::from_slice(&bytes) {
            Ok(Value::Object(properties)) => Ok(Self { properties, problems: Vec::new() }),
            _ => Err(body(Rule::Type(ValueType::Object))),
        }
    }
}

fn body(rule: Rule) -> Refusal {
    Refusal::from(Problem::field("body", rule)).at(Source::Body)
}

impl Object {
    /// Takes a property; none where it is absent, or wrong and noted as such.
    fn take<T>(&mut self, name: &str, read: impl FnOnce(&Value) -> Result<T, Rule>) -> Option<T> {
        let value = self.properties.remove(name)?;
        read(&value).map_err(|rule| self.reject(name, rule)).ok()
    }

    /// Notes that a property is wrong.
    pub fn reject(&mut self, name: &str, rule: Rule) {
        self.problems.push(FieldProblem { field: name.to_owned(), rule });
    }

    /// Takes a property that must be there.
    fn require<T: Default>(&mut self, name: &str, take: impl FnOnce(&mut Self) -> Option<T>) -> T {
        let is_absent = !self.properties.contains_key(name);
        let taken = take(self);
        if is_absent {
            self.reject(name, Rule::Required);
        }
        taken.unwrap_or_default()
    }

    pub fn boolean(&mut self, name: &str) -> Option<bool> {
        self.take(name, |value| of_type(value, Value::as_bool, ValueType::Boolean))
    }

    pub fn required_boolean(&mut self, name: &str) -> bool {
        self.require(name, |object| object.boolean(name))
    }

    /// One of several words.
    pub fn choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)]) -> Option<T> {
        self.take(name, |value| {
            let known = choices.iter().find(|(word, _)| value.as_str() == Some(word));
            let words = || choices.iter().map(|(word, _)| (*word).to_owned()).collect();
            known.map(|(_, choice)| *choice).ok_or_else(|| Rule::OneOf(words()))
        })
    }

    /// The same, where it must be there.
    pub fn required_choice<T: Copy>(&mut self, name: &str, choices: &[(&str, T)], otherwise: T) -> T {
        let is_absent = !self.properties.contains_key(name);
        if is_absent {
            self.reject(name, Rule::Required);
        }
        self.choice(name, choices).unwrap_or(otherwise)
    }

    pub fn required_uuid(&mut self, name: &str) -> Uuid {
        self.require(name, |object| object.take(name, uuid))
    }

    /// A list of at most so many ids.
    pub fn uuids(&mut self, name: &str, max: usize) -> Option<Vec<Uuid>> {
        self.take(name, |value| {
            let items = of_type(value, |value| value.as_array().cloned(), ValueType::Array)?;
            if items.len() > max {
                return Err(Rule::MaxItems(max));
            }
            items.iter().map(uuid).collect()
        })
    }

    pub fn required_uuids(&mut self, name: &str, max: usize) -> Vec<Uuid> {
        self.require(name, |object| object.uuids(name, max))
    }

    /// Ends the reading.
    ///
    /// # Errors
    ///
    /// With every property that was wrong, missing, or not asked for.
    pub fn finish(mut self) -> Result<(), Refusal> {
        let unknown: Vec<String> = self.properties.keys().cloned().collect();
        for name in unknown {
            self.reject(&name, Rule::UnknownProperty);
        }
        match self.problems.is_empty() {
            true => Ok(()),
            false => Err(Refusal::from(Problem::Invalid(self.problems)).at(Source::Body)),
        }
    }
}

fn uuid(value: &Value) -> Result<Uuid, Rule> {
    of_type(value, |value| value.as_str()?.parse().ok(), ValueType::Uuid)
}
