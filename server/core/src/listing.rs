//! Lists as the management API asks for them: pages, orders and filters, compiled to an allow-list of columns.
//!
//! The grammar is Konnect's: `page[size]`, `page[number]`, `sort=name,created_at desc`, `filter[name]=x`,
//! `filter[name][contains]=x`.

use portico_model::problem::{FieldProblem, Problem, Rule, ValueType};
use sqlx::{Postgres, QueryBuilder};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use uuid::Uuid;

/// How many there are on a page, unless said.
const SIZE: u32 = 10;
const SIZE_MAX: u32 = 1000;
/// The last page that is looked for, so that no offset is beyond counting.
const NUMBER_MAX: u32 = 1_000_000;
/// A filter has at most so many alternatives.
const ALTERNATIVES_MAX: usize = 100;

/// What an attribute holds, and so how it can be filtered.
#[derive(Clone, Copy, Debug)]
pub enum Kind {
    /// One of these words.
    Choice(&'static [&'static str]),
    Uuid,
    Boolean,
    DateTime,
}

/// An attribute that lists of something can be filtered and ordered by.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    pub name: &'static str,
    /// Where it is found in the statement.
    pub column: &'static str,
    pub kind: Kind,
    pub is_sortable: bool,
}

#[derive(Clone, Debug)]
enum Value {
    Text(Vec<String>),
    Uuid(Vec<Uuid>),
    Boolean(bool),
    DateTime(OffsetDateTime),
}

#[derive(Clone, Debug)]
struct Condition {
    column: &'static str,
    /// As it stands between the column and the value.
    operator: &'static str,
    value: Value,
}

/// Which part of a list is asked for, in which order.
#[derive(Clone, Debug)]
pub struct Listing {
    /// Counted from 1.
    pub number: u32,
    pub size: u32,
    order: Vec<(&'static str, bool)>,
    conditions: Vec<Condition>,
}

/// A part of a list.
#[derive(Clone, Debug)]
pub struct Listed<T> {
    pub items: Vec<T>,
    /// In the whole list.
    pub total: i64,
}

impl Listing {
    /// Reads a query.
    ///
    /// # Errors
    ///
    /// `Invalid`, with every parameter that is wrong, unknown or of no use for this list.
    pub fn parse(query: &[(String, String)], attributes: &'static [Attribute]) -> Result<Self, Problem> {
        let mut listing = Self { number: 1, size: SIZE, order: Vec::new(), conditions: Vec::new() };
        let mut problems = Vec::new();
        for (name, value) in query {
            let read = match name.as_str() {
                "page[size]" => number(value, SIZE_MAX).map(|size| listing.size = size),
                "page[number]" => number(value, NUMBER_MAX).map(|number| listing.number = number),
                "sort" => order(value, attributes).map(|order| listing.order = order),
                _ => match condition(name, value, attributes) {
                    Ok(condition) => {
                        listing.conditions.push(condition);
                        Ok(())
                    }
                    Err(rule) => Err(rule),
                },
            };
            if let Err(rule) = read {
                problems.push(FieldProblem { field: name.clone(), rule });
            }
        }
        if problems.is_empty() { Ok(listing) } else { Err(Problem::Invalid(problems)) }
    }

    /// Further conditions of a statement that has a `where`.
    pub(crate) fn push_conditions(&self, query: &mut QueryBuilder<Postgres>) {
        for Condition { column, operator, value } in &self.conditions {
            query.push(" and ").push(column).push(operator);
            match value {
                Value::Text(texts) => query.push_bind(texts.clone()).push(")"),
                Value::Uuid(ids) => query.push_bind(ids.clone()).push(")"),
                Value::Boolean(value) => query.push_bind(*value),
                Value::DateTime(at) => query.push_bind(*at),
            };
        }
    }

    /// The order, ended by a column that no two have alike, and the page.
    pub(crate) fn push_window(&self, query: &mut QueryBuilder<Postgres>, unique: &'static str) {
        query.push(" order by ");
        for (column, is_descending) in &self.order {
            query.push(column).push(if *is_descending { " desc nulls last, " } else { " nulls first, " });
        }
        query.push(unique).push(" limit ").push_bind(i64::from(self.size));
        query.push(" offset ").push_bind(i64::from(self.number - 1) * i64::from(self.size));
    }
}

fn number(value: &str, max: u32) -> Result<u32, Rule> {
    let number: u32 = value.parse().map_err(|_| Rule::Type(ValueType::Integer))?;
    if (1..=max).contains(&number) { Ok(number) } else { Err(Rule::Number(1, max)) }
}

fn order(value: &str, attributes: &'static [Attribute]) -> Result<Vec<(&'static str, bool)>, Rule> {
    let choices = || attributes.iter().filter(|attribute| attribute.is_sortable);
    let unknown = || Rule::OneOf(choices().map(|attribute| attribute.name.to_owned()).collect());
    let one = |part: &str| {
        let mut words = part.split_whitespace();
        let (name, direction, rest) = (words.next(), words.next(), words.next());
        let is_descending = match (direction, rest) {
            (None | Some("asc"), None) => false,
            (Some("desc"), None) => true,
            _ => return Err(unknown()),
        };
        let attribute = choices().find(|attribute| Some(attribute.name) == name).ok_or_else(unknown)?;
        Ok((attribute.column, is_descending))
    };
    value.split(',').map(one).collect()
}

/// `filter[name]` or `filter[name][operator]`.
fn condition(name: &str, value: &str, attributes: &'static [Attribute]) -> Result<Condition, Rule> {
    let inside = name.strip_prefix("filter[").and_then(|rest| rest.strip_suffix(']')).ok_or(Rule::UnknownProperty)?;
    let (attribute, operator) = inside.split_once("][").unwrap_or((inside, "eq"));
    let attribute = attributes.iter().find(|known| known.name == attribute).ok_or(Rule::UnknownProperty)?;
    let texts = || value.split(',').take(ALTERNATIVES_MAX).map(str::to_owned).collect::<Vec<_>>();
    let (operator, value) = match (attribute.kind, operator) {
        (Kind::Choice(choices), "eq" | "neq") => (equality(operator), Value::Text(vec![one_of(value, choices)?])),
        (Kind::Choice(choices), "oeq") => {
            let given: Result<Vec<String>, Rule> = texts().iter().map(|text| one_of(text, choices)).collect();
            (equality("oeq"), Value::Text(given?))
        }
        (Kind::Uuid, "eq" | "neq") => (equality(operator), Value::Uuid(vec![uuid(value)?])),
        (Kind::Uuid, "oeq") => {
            let given: Result<Vec<Uuid>, Rule> = texts().iter().map(|text| uuid(text)).collect();
            (equality("oeq"), Value::Uuid(given?))
        }
        (Kind::Boolean, "eq") => (" = ", Value::Boolean(value.parse().map_err(|_| Rule::Type(ValueType::Boolean))?)),
        (Kind::DateTime, operator) => {
            let operator = comparison(operator).ok_or(Rule::UnknownProperty)?;
            let at = OffsetDateTime::parse(value, &Rfc3339).map_err(|_| Rule::Type(ValueType::DateTime))?;
            (operator, Value::DateTime(at))
        }
        _ => return Err(Rule::UnknownProperty),
    };
    Ok(Condition { column: attribute.column, operator, value })
}

fn equality(operator: &str) -> &'static str {
    if operator == "neq" { " <> all(" } else { " = any(" }
}

fn comparison(operator: &str) -> Option<&'static str> {
    match operator {
        "eq" => Some(" = "),
        "lt" => Some(" < "),
        "lte" => Some(" <= "),
        "gt" => Some(" > "),
        "gte" => Some(" >= "),
        _ => None,
    }
}

fn one_of(value: &str, choices: &[&str]) -> Result<String, Rule> {
    let is_known = choices.contains(&value);
    is_known.then(|| value.to_owned()).ok_or_else(|| Rule::OneOf(choices.iter().map(|choice| (*choice).to_owned()).collect()))
}

fn uuid(value: &str) -> Result<Uuid, Rule> {
    value.parse().map_err(|_| Rule::Type(ValueType::Uuid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTRIBUTES: &[Attribute] = &[
        Attribute { name: "id", column: "thing.id", kind: Kind::Uuid, is_sortable: false },
        Attribute { name: "status", column: "thing.status", kind: Kind::Choice(&["on", "off"]), is_sortable: true },
        Attribute { name: "is_old", column: "thing.is_old", kind: Kind::Boolean, is_sortable: true },
        Attribute { name: "created_at", column: "thing.created_at", kind: Kind::DateTime, is_sortable: true },
    ];

    fn parse(pairs: &[(&str, &str)]) -> Result<Listing, Problem> {
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Listing::parse(&pairs, ATTRIBUTES)
    }

    fn sql(pairs: &[(&str, &str)]) -> String {
        let listing = parse(pairs).unwrap();
        let mut query = QueryBuilder::new("");
        listing.push_conditions(&mut query);
        listing.push_window(&mut query, "thing.id");
        query.sql().as_str().to_owned()
    }

    #[test]
    fn a_query_becomes_columns_of_the_list_and_nothing_else() {
        let id = "5f9fd312-a987-4628-b4c5-bb4f4fddd5f7";
        assert_eq!(sql(&[]), " order by thing.id limit $1 offset $2");
        assert_eq!(
            sql(&[("sort", "status desc,created_at"), ("page[size]", "2"), ("page[number]", "3")]),
            " order by thing.status desc nulls last, thing.created_at nulls first, thing.id limit $1 offset $2"
        );
        assert_eq!(
            sql(&[("filter[id]", id), ("filter[status][neq]", "on"), ("filter[is_old][eq]", "true")]),
            " and thing.id = any($1) and thing.status <> all($2) and thing.is_old = $3 order by thing.id limit $4 offset $5"
        );
        assert_eq!(
            sql(&[("filter[created_at][gte]", "2026-01-01T00:00:00Z"), ("filter[id][oeq]", &format!("{id},{id}"))]),
            " and thing.created_at >= $1 and thing.id = any($2) order by thing.id limit $3 offset $4"
        );
    }

    #[test]
    fn everything_else_is_named_with_what_it_should_be() {
        let cases: Vec<(&str, &str, Rule)> = vec![
            ("page[size]", "ten", Rule::Type(ValueType::Integer)),
            ("page[size]", "0", Rule::Number(1, SIZE_MAX)),
            ("page[number]", "-1", Rule::Type(ValueType::Integer)),
            ("sort", "id", Rule::OneOf(vec!["status".to_owned(), "is_old".to_owned(), "created_at".to_owned()])),
            ("sort", "status downwards", Rule::OneOf(vec!["status".to_owned(), "is_old".to_owned(), "created_at".to_owned()])),
            ("filter[name]", "x", Rule::UnknownProperty),
            ("filter[id][contains]", "x", Rule::UnknownProperty),
            ("filter[id]", "x", Rule::Type(ValueType::Uuid)),
            ("filter[status]", "x", Rule::OneOf(vec!["on".to_owned(), "off".to_owned()])),
            ("filter[is_old]", "yes", Rule::Type(ValueType::Boolean)),
            ("filter[created_at][lt]", "yesterday", Rule::Type(ValueType::DateTime)),
            ("filter[id; drop table thing]", "x", Rule::UnknownProperty),
            ("limit", "1", Rule::UnknownProperty),
        ];
        for (name, value, rule) in cases {
            assert_eq!(parse(&[(name, value)]).unwrap_err(), Problem::field(name, rule), "{name}={value}");
        }
    }
}
