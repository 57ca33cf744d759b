//! Lists as the management API asks for them: pages, orders and filters, compiled to an allow-list of columns.
//!
//! The grammar is Konnect's: `page[size]`, `page[number]`, `sort=name,created_at desc`, `filter[name]=x`,
//! `filter[name][contains]=x`, `labels=key:value,other-key`.

use crate::Result as CoreResult;
use portico_model::{
    labels::Labels,
    paging::pattern,
    problem::{FieldProblem, Problem, Rule, ValueType},
};
use sqlx::{FromRow, PgPool, Postgres, QueryBuilder, postgres::PgRow, types::Json};
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};
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
    Text,
    Uuid,
    Boolean,
    DateTime,
    /// Asked for by its own name, not by `filter`.
    Labels,
}

/// An attribute that lists of something can be filtered and ordered by.
#[derive(Clone, Copy, Debug)]
pub struct Attribute {
    pub name: &'static str,
    /// What it is in the statement: a column, or an expression of the columns of the list's table.
    pub column: &'static str,
    pub kind: Kind,
    pub is_filterable: bool,
    pub is_sortable: bool,
}

impl Attribute {
    /// To filter and to order by.
    pub const fn new(name: &'static str, column: &'static str, kind: Kind) -> Self {
        Self { name, column, kind, is_filterable: true, is_sortable: true }
    }

    /// To filter by alone.
    pub const fn filter(name: &'static str, column: &'static str, kind: Kind) -> Self {
        Self { is_sortable: false, ..Self::new(name, column, kind) }
    }

    /// To order by alone.
    pub const fn sort(name: &'static str, column: &'static str) -> Self {
        Self { is_filterable: false, ..Self::new(name, column, Kind::Text) }
    }
}

/// Where a list comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source {
    /// What is told of each row: `select … from … join …`.
    pub select: &'static str,
    /// The table whose rows are listed; its `id` is unique.
    pub table: &'static str,
}

#[derive(Clone, Debug)]
enum Value {
    Text(Vec<String>),
    Uuid(Vec<Uuid>),
    Boolean(bool),
    DateTime(OffsetDateTime),
    /// Those with a value, and the keys alone.
    Labels(Labels, Vec<String>),
}

const IS_ONE_OF: &str = " = any(";

#[derive(Clone, Debug)]
struct Condition {
    column: &'static str,
    /// As it stands between the column and the value.
    operator: &'static str,
    value: Value,
    /// Turns it round, for rows without a value as well.
    is_negated: bool,
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
                // Postgres keeps no NUL, so nothing has one.
                _ if value.contains('\0') => Err(Rule::ControlCharacter),
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

    /// The part of a list that is asked for. `scope` writes what else the rows must be, beginning with ` where `.
    pub(crate) async fn fetch<T>(
        &self,
        pool: &PgPool,
        source: Source,
        scope: impl Fn(&mut QueryBuilder<Postgres>),
    ) -> CoreResult<Listed<T>>
    where
        T: for<'r> FromRow<'r, PgRow> + Send + Unpin,
    {
        let push_from = |query: &mut QueryBuilder<Postgres>| {
            query.push(" from ").push(source.table);
            scope(query);
            self.push_conditions(query);
        };
        let mut query = QueryBuilder::new("select count(*)");
        push_from(&mut query);
        let total: i64 = query.build_query_scalar().fetch_one(pool).await?;
        // The ids first: what is told of a row is not looked up for those that are skipped.
        let mut query = QueryBuilder::new(source.select);
        query.push(" where ").push(source.table).push(".id in (select ").push(source.table).push(".id");
        push_from(&mut query);
        self.push_window(&mut query, source.table, total);
        query.push(")");
        self.push_order(&mut query, source.table, false);
        Ok(Listed { items: query.build_query_as().fetch_all(pool).await?, total })
    }

    fn push_conditions(&self, query: &mut QueryBuilder<Postgres>) {
        for Condition { column, operator, value, is_negated } in &self.conditions {
            query.push(if *is_negated { " and (" } else { " and " }).push(column).push(operator);
            match value {
                Value::Text(texts) => query.push_bind(texts.clone()).push(")"),
                Value::Uuid(ids) => query.push_bind(ids.clone()).push(")"),
                Value::Boolean(value) => query.push_bind(*value),
                Value::DateTime(at) => query.push_bind(*at),
                Value::Labels(labels, keys) => {
                    query.push_bind(Json(labels.clone())).push(" and ").push(column).push(" ?& ").push_bind(keys.clone())
                }
            };
            if *is_negated {
                query.push(") is not true");
            }
        }
    }

    /// The order, and the page, counted from whichever end of the list is nearer.
    fn push_window(&self, query: &mut QueryBuilder<Postgres>, table: &'static str, total: i64) {
        let (size, offset) = (i64::from(self.size), i64::from(self.number - 1) * i64::from(self.size));
        let is_reversed = offset < total && offset > total / 2;
        self.push_order(query, table, is_reversed);
        let (limit, offset) = match is_reversed {
            true => (size.min(total - offset), (total - offset - size).max(0)),
            false => (size, offset),
        };
        query.push(" limit ").push_bind(limit).push(" offset ").push_bind(offset);
    }

    /// The order, ended by what no two rows have alike, in the direction that an index has as well.
    fn push_order(&self, query: &mut QueryBuilder<Postgres>, table: &'static str, is_reversed: bool) {
        let direction = |is_descending: bool| if is_descending == is_reversed { "" } else { " desc" };
        query.push(" order by ");
        for (column, is_descending) in &self.order {
            query.push(column).push(direction(*is_descending)).push(", ");
        }
        let is_descending = self.order.last().is_some_and(|(_, is_descending)| *is_descending);
        query.push(table).push(".id").push(direction(is_descending));
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

/// `filter[name]`, `filter[name][operator]`, or the name of an attribute that holds labels.
fn condition(name: &str, value: &str, attributes: &'static [Attribute]) -> Result<Condition, Rule> {
    if let Some(attribute) = attributes.iter().find(|known| known.name == name && matches!(known.kind, Kind::Labels)) {
        return Ok(Condition { column: attribute.column, operator: " @> ", value: labels(value), is_negated: false });
    }
    let inside = name.strip_prefix("filter[").and_then(|rest| rest.strip_suffix(']')).ok_or(Rule::UnknownProperty)?;
    let (attribute, operator) = inside.split_once("][").unwrap_or((inside, "eq"));
    let is_meant = |known: &&Attribute| known.is_filterable && known.name == attribute;
    let attribute = attributes.iter().find(is_meant).ok_or(Rule::UnknownProperty)?;
    let parts = || match operator.starts_with('o') {
        true => value.split(',').take(ALTERNATIVES_MAX).map(str::to_owned).collect::<Vec<_>>(),
        false => vec![value.to_owned()],
    };
    let is_negated = operator == "neq";
    let (operator, value) = match (attribute.kind, operator) {
        (Kind::Choice(choices), "eq" | "neq" | "oeq") => {
            let given: Result<Vec<String>, Rule> = parts().iter().map(|text| one_of(text, choices)).collect();
            (IS_ONE_OF, Value::Text(given?))
        }
        (Kind::Text, "eq" | "neq" | "oeq") => (IS_ONE_OF, Value::Text(parts())),
        (Kind::Text, "contains" | "ocontains") => {
            (" ilike any(", Value::Text(parts().iter().map(|text| pattern(text)).collect()))
        }
        (Kind::Uuid, "eq" | "neq" | "oeq") => {
            let given: Result<Vec<Uuid>, Rule> = parts().iter().map(|text| uuid(text)).collect();
            (IS_ONE_OF, Value::Uuid(given?))
        }
        (Kind::Boolean, "eq") => (" = ", Value::Boolean(value.parse().map_err(|_| Rule::Type(ValueType::Boolean))?)),
        (Kind::DateTime, operator) => {
            let operator = comparison(operator).ok_or(Rule::UnknownProperty)?;
            (operator, Value::DateTime(date_time(value)?))
        }
        _ => return Err(Rule::UnknownProperty),
    };
    Ok(Condition { column: attribute.column, operator, value, is_negated })
}

/// `key:value,other-key`: all of them must be there.
fn labels(value: &str) -> Value {
    let (mut pairs, mut keys) = (Labels::default(), Vec::new());
    for part in value.split(',').take(ALTERNATIVES_MAX).map(str::trim).filter(|part| !part.is_empty()) {
        match part.split_once(':') {
            Some((key, value)) => _ = pairs.0.insert(key.to_owned(), value.to_owned()),
            None => keys.push(part.to_owned()),
        }
    }
    Value::Labels(pairs, keys)
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

/// Postgres is told of times in UTC, in which those at the ends of the calendar cannot be written.
fn date_time(value: &str) -> Result<OffsetDateTime, Rule> {
    let at = OffsetDateTime::parse(value, &Rfc3339).ok().and_then(|at| at.checked_to_offset(UtcOffset::UTC));
    at.ok_or(Rule::Type(ValueType::DateTime))
}

fn uuid(value: &str) -> Result<Uuid, Rule> {
    value.parse().map_err(|_| Rule::Type(ValueType::Uuid))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ATTRIBUTES: &[Attribute] = &[
        Attribute::filter("id", "thing.id", Kind::Uuid),
        Attribute::new("status", "thing.status", Kind::Choice(&["on", "off"])),
        Attribute::new("is_old", "thing.is_old", Kind::Boolean),
        Attribute::new("created_at", "thing.created_at", Kind::DateTime),
        Attribute::filter("title", "thing.title", Kind::Text),
        Attribute::filter("labels", "thing.labels", Kind::Labels),
    ];

    fn parse(pairs: &[(&str, &str)]) -> Result<Listing, Problem> {
        let pairs: Vec<_> = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Listing::parse(&pairs, ATTRIBUTES)
    }

    fn sql_of(total: i64, pairs: &[(&str, &str)]) -> String {
        let listing = parse(pairs).unwrap();
        let mut query = QueryBuilder::new("");
        listing.push_conditions(&mut query);
        listing.push_window(&mut query, "thing", total);
        query.sql().as_str().to_owned()
    }

    fn sql(pairs: &[(&str, &str)]) -> String {
        sql_of(1_000, pairs)
    }

    #[test]
    fn a_query_becomes_columns_of_the_list_and_nothing_else() {
        let id = "5f9fd312-a987-4628-b4c5-bb4f4fddd5f7";
        assert_eq!(sql(&[]), " order by thing.id limit $1 offset $2");
        assert_eq!(
            sql(&[("sort", "status desc,created_at"), ("page[size]", "2"), ("page[number]", "3")]),
            " order by thing.status desc, thing.created_at, thing.id limit $1 offset $2"
        );
        assert_eq!(
            sql(&[("filter[id]", id), ("filter[status][neq]", "on"), ("filter[is_old][eq]", "true")]),
            " and thing.id = any($1) and (thing.status = any($2)) is not true and thing.is_old = $3 order by thing.id limit $4 offset $5"
        );
        assert_eq!(
            sql(&[("filter[created_at][gte]", "2026-01-01T00:00:00Z"), ("filter[id][oeq]", &format!("{id},{id}"))]),
            " and thing.created_at >= $1 and thing.id = any($2) order by thing.id limit $3 offset $4"
        );
        assert_eq!(
            sql(&[("filter[title][ocontains]", "a,b"), ("labels", "env:test,team")]),
            " and thing.title ilike any($1) and thing.labels @> $2 and thing.labels ?& $3 order by thing.id limit $4 offset $5"
        );
    }

    #[test]
    fn a_page_is_counted_from_the_nearer_end() {
        let page = |number: &str| sql_of(100, &[("sort", "status"), ("page[number]", number)]);
        assert_eq!(page("6"), " order by thing.status, thing.id limit $1 offset $2");
        assert_eq!(page("7"), " order by thing.status desc, thing.id desc limit $1 offset $2");
        assert_eq!(sql(&[("sort", "status desc")]), " order by thing.status desc, thing.id desc limit $1 offset $2");
        assert_eq!(page("11"), page("6"), "after the end there is nothing");
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
            ("filter[labels]", "x", Rule::UnknownProperty),
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
