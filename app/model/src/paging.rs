//! Lists come in pages; search and order happen in SQL.

/// Rows on a page, unless a list says otherwise.
pub const PAGE_SIZE: u32 = 25;
/// Of what a search finds, so many rows are counted.
pub const COUNTED_MAX: i64 = 1_000;

/// Which page of a list, of which rows, in which order. Comes from a URL, so anything may be in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// Rows must contain this text; empty for all.
    pub search: String,
    /// A column's name as the list offers it, with `-` before it for descending; unknown ones are ignored.
    pub sort: String,
    /// A status to keep; empty for all.
    pub status: String,
    /// Counted from 0.
    pub index: u32,
    /// Rows on a page.
    pub size: u32,
}

impl Default for PageRequest {
    fn default() -> Self {
        Self { search: String::new(), sort: String::new(), status: String::new(), index: 0, size: PAGE_SIZE }
    }
}

impl PageRequest {
    /// The first page of everything.
    pub fn first() -> Self {
        Self::default()
    }

    pub fn offset(&self) -> i64 {
        i64::from(self.index) * self.limit()
    }

    pub fn limit(&self) -> i64 {
        i64::from(self.size)
    }

    /// The page that was asked for.
    pub fn page<T>(&self, items: Vec<T>, total: i64) -> Page<T> {
        let is_counted = self.search.is_empty() || total <= COUNTED_MAX;
        Page { items, index: self.index, size: self.size, total, is_counted }
    }

    /// The search text as a `like` pattern that matches it anywhere.
    pub fn pattern(&self) -> String {
        pattern(self.search.trim())
    }
}

/// A text as a `like` pattern that matches it anywhere, with its own wildcards taken literally.
pub fn pattern(text: &str) -> String {
    let mut pattern = String::from("%");
    for c in text.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

/// One page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Counted from 0.
    pub index: u32,
    /// Rows on a full page.
    pub size: u32,
    /// Rows on all pages.
    pub total: i64,
    /// Whether there are no more than that.
    pub is_counted: bool,
}

impl<T> Page<T> {
    pub fn has_next(&self) -> bool {
        (i64::from(self.index) + 1) * i64::from(self.size) < self.total
    }
}
