//! Pages of long lists, found from whichever end of the list is nearer.

use portico_model::paging::{COUNTED_MAX, PageRequest};
use sqlx::{PgPool, Postgres, QueryBuilder};

/// What a list is ordered by; rows that are equal there are ordered by id.
#[derive(Clone, Copy)]
pub struct Order {
    pub column: &'static str,
    pub descending: bool,
}

/// Where the rows of a page are in the index.
pub struct Window {
    order: Order,
    limit: i64,
    offset: i64,
    is_reversed: bool,
}

impl Window {
    /// The page of a list of so many rows.
    pub fn new(request: &PageRequest, total: i64, order: Order) -> Self {
        let (limit, offset) = (request.limit(), request.offset());
        if total <= COUNTED_MAX || offset <= total / 2 {
            return Self { order, limit, offset, is_reversed: false };
        }
        let after = (total - offset - limit).max(0);
        let limit = (total - offset).clamp(0, limit);
        Self { order: Order { descending: !order.descending, ..order }, limit, offset: after, is_reversed: true }
    }

    /// Orders by the index, and cuts the page out.
    pub fn push(&self, query: &mut QueryBuilder<Postgres>) {
        push_order(query, self.order);
        query.push(" limit ").push_bind(self.limit).push(" offset ").push_bind(self.offset);
    }

    /// Orders the page as it was asked for.
    pub fn push_final_order(&self, query: &mut QueryBuilder<Postgres>) {
        push_order(query, Order { descending: self.order.descending != self.is_reversed, ..self.order });
    }
}

fn push_order(query: &mut QueryBuilder<Postgres>, order: Order) {
    let direction = if order.descending { " desc" } else { "" };
    query.push(" order by ").push(order.column).push(direction).push(", id").push(direction);
}

/// Counts the rows of a list; of those that a search finds only as many as are worth counting.
pub async fn count(
    pool: &PgPool,
    request: &PageRequest,
    push_from: impl FnOnce(&mut QueryBuilder<Postgres>),
) -> crate::Result<i64> {
    let mut query = QueryBuilder::<Postgres>::new("select count(*) from (select ");
    push_from(&mut query);
    if !request.search.is_empty() {
        query.push(" limit ").push_bind(COUNTED_MAX + 1);
    }
    query.push(") as found");
    Ok(query.build_query_scalar().fetch_one(pool).await?)
}

/// How much of a list a search finds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Breadth {
    Unknown,
    /// So few rows that they are fetched first, and ordered then.
    Narrow,
    /// So many that a page of them is found sooner by going along the list in its order.
    Broad,
}

impl Breadth {
    /// Of a search that finds so many rows, as [`count`] counts them.
    pub fn of(total: i64) -> Self {
        if total > COUNTED_MAX { Self::Broad } else { Self::Narrow }
    }
}

/// Begins the rows that a search finds, after which come their conditions. Few rows are fetched first and ordered then:
/// left to itself, Postgres goes along the whole list in its order to find them.
pub fn open(query: &mut QueryBuilder<Postgres>, table: &'static str, request: &PageRequest, breadth: Breadth) {
    query.push("from ").push(if is_fenced(request, breadth) { "(select * from " } else { "" }).push(table).push(" ");
}

/// Ends what [`open`] began. Postgres plans what has an offset apart from what is around it.
pub fn close(query: &mut QueryBuilder<Postgres>, table: &'static str, request: &PageRequest, breadth: Breadth) {
    if is_fenced(request, breadth) {
        query.push(" offset 0) as ").push(table);
    }
}

fn is_fenced(request: &PageRequest, breadth: Breadth) -> bool {
    breadth == Breadth::Narrow && !request.search.is_empty()
}

/// What a row must have to be found. Postgres cannot tell how much a search finds, so it is kept from the index of
/// words (an index knows no `is true`) where that would fetch most of the table.
pub fn push_search(query: &mut QueryBuilder<Postgres>, column: &'static str, search: &str, breadth: Breadth) {
    query.push(" and (").push(column).push(" @@ to_tsquery('simple', ").push_bind(words(search));
    query.push(if breadth == Breadth::Broad { ")) is true" } else { "))" });
}

/// What a search means to Postgres: every word, or what begins with it. Made of letters and digits alone, so
/// nothing in it is an operator; without any it matches nothing.
pub fn words(search: &str) -> String {
    /// Words beyond this many are ignored.
    const WORDS_MAX: usize = 10;
    let words = search.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).take(WORDS_MAX);
    words.map(|word| format!("{word}:*")).collect::<Vec<_>>().join(" & ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn window(index: u32, total: i64) -> (i64, i64, bool) {
        let request = PageRequest { index, ..PageRequest::default() };
        let window = Window::new(&request, total, Order { column: "name", descending: false });
        (window.limit, window.offset, window.is_reversed)
    }

    #[test]
    fn pages_are_counted_from_the_nearer_end() {
        assert_eq!(window(0, 2_010), (25, 0, false));
        assert_eq!(window(40, 2_010), (25, 1_000, false));
        assert_eq!(window(41, 2_010), (25, 960, true));
        assert_eq!(window(79, 2_010), (25, 10, true));
        assert_eq!(window(80, 2_010), (10, 0, true), "the last page is not full");
        assert_eq!(window(81, 2_010), (0, 0, true), "and after it there is none");
    }
}
