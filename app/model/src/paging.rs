//! Lists come in pages of a fixed size; search and order happen in SQL.

/// Rows on a page.
pub const PAGE_SIZE: u32 = 25;

/// Which page of a list, of which rows, in which order. Comes from a URL, so anything may be in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PageRequest {
    /// Rows must contain this text; empty for all.
    pub search: String,
    /// A column's name as the list offers it, with `-` before it for descending; unknown ones are ignored.
    pub sort: String,
    /// A status to keep; empty for all.
    pub status: String,
    /// Counted from 0.
    pub index: u32,
}

impl PageRequest {
    /// The first page of everything.
    pub fn first() -> Self {
        Self::default()
    }

    pub fn offset(&self) -> i64 {
        i64::from(self.index) * i64::from(PAGE_SIZE)
    }

    /// The search text as a `like` pattern that matches it anywhere, with its own wildcards taken literally.
    pub fn pattern(&self) -> String {
        let mut pattern = String::from("%");
        for c in self.search.trim().chars() {
            if matches!(c, '%' | '_' | '\\') {
                pattern.push('\\');
            }
            pattern.push(c);
        }
        pattern.push('%');
        pattern
    }
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Counted from 0.
    pub index: u32,
    /// Rows on all pages.
    pub total: i64,
}

impl<T> Page<T> {
    pub fn has_next(&self) -> bool {
        (i64::from(self.index) + 1) * i64::from(PAGE_SIZE) < self.total
    }
}
