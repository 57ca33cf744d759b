//! Text that was checked once, where it came in.

use crate::problem::{FieldProblem, Problem, Rule};

/// Longest name and display name, in characters.
pub const NAME_MAX: usize = 255;
/// Longest description of a portal or application, in characters.
pub const DESCRIPTION_MAX: usize = 512;
/// Shortest password, in characters.
pub const PASSWORD_MIN: usize = 10;
/// Longest password, in characters: bounds the work of hashing it.
pub const PASSWORD_MAX: usize = 256;

/// Collects every wrong field of a form, so that all of them are told at once.
#[derive(Default)]
pub struct Fields {
    problems: Vec<FieldProblem>,
}

impl Fields {
    pub fn new() -> Self {
        Self::default()
    }

    /// Notes that a field is wrong.
    pub fn reject(&mut self, field: &str, rule: Rule) {
        self.problems.push(FieldProblem { field: field.to_owned(), rule });
    }

    /// One line of text of 1 to `max` characters.
    pub fn line(&mut self, field: &str, value: &str, max: usize) -> String {
        let value = self.optional_line(field, value, max);
        if value.is_empty() {
            self.reject(field, Rule::Required);
        }
        value
    }

    /// One line of text of at most `max` characters.
    pub fn optional_line(&mut self, field: &str, value: &str, max: usize) -> String {
        let value = value.trim().to_owned();
        if value.chars().count() > max {
            self.reject(field, Rule::MaxLength(max));
        }
        if value.chars().any(char::is_control) {
            self.reject(field, Rule::ControlCharacter);
        }
        value
    }

    /// Text of at most `max` characters that may have line breaks, with the space around it: programs compare what they
    /// wrote with what they read.
    pub fn text(&mut self, field: &str, value: &str, max: usize) -> String {
        let value = if value.trim().is_empty() { String::new() } else { value.replace("\r\n", "\n") };
        if value.chars().count() > max {
            self.reject(field, Rule::MaxLength(max));
        }
        if value.chars().any(|c| c.is_control() && c != '\n' && c != '\t') {
            self.reject(field, Rule::ControlCharacter);
        }
        value
    }

    /// A name in a URL or a host: lower-case letters, digits, hyphens; at most 63 characters.
    pub fn slug(&mut self, field: &str, value: &str) -> String {
        let value = self.line(field, &value.to_lowercase(), 63);
        let shape = value.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
        if !value.is_empty() && (!shape || value.starts_with('-') || value.ends_with('-')) {
            self.reject(field, Rule::Slug);
        }
        value
    }

    /// An e-mail address, as typed but for surrounding space.
    pub fn email(&mut self, field: &str, value: &str) -> String {
        let value = self.line(field, value, NAME_MAX);
        if !value.is_empty() && !looks_like_email(&value) {
            self.reject(field, Rule::Email);
        }
        value
    }

    /// A new password and its repetition.
    pub fn new_password(&mut self, password: &str, repeated: &str) {
        let length = password.chars().count();
        if length < PASSWORD_MIN {
            self.reject("password", Rule::MinLength(PASSWORD_MIN));
        } else if length > PASSWORD_MAX {
            self.reject("password", Rule::MaxLength(PASSWORD_MAX));
        } else if is_trivial(password) {
            self.reject("password", Rule::WeakPassword);
        }
        if password != repeated {
            self.reject("password_again", Rule::Mismatch);
        }
    }

    /// An absolute http or https URL without credentials, query or fragment, and without a `/` at its end.
    pub fn base_url(&mut self, field: &str, value: &str) -> String {
        let value = self.line(field, value, 1024);
        if value.is_empty() {
            return value;
        }
        match parse_base_url(&value) {
            Some(url) => url,
            None => {
                self.reject(field, Rule::Url);
                value
            }
        }
    }

    /// The same of a value that is kept as it stands; an empty one is left alone. Whether it is such a URL.
    pub fn must_be_base_url(&mut self, field: &str, value: &str) -> bool {
        let is_url = parse_base_url(value).is_some();
        if !is_url && !value.is_empty() {
            self.reject(field, Rule::Url);
        }
        is_url
    }

    /// An absolute http or https URL, which may have a query, as it stands; an empty one is left alone.
    pub fn must_be_url(&mut self, field: &str, value: &str) {
        if !value.is_empty() && parse_base_url(value.split('?').next().unwrap_or_default()).is_none() {
            self.reject(field, Rule::Url);
        }
    }

    /// A host name in lower case, or nothing.
    pub fn optional_hostname(&mut self, field: &str, value: &str) -> Option<String> {
        let value = self.optional_line(field, &value.to_lowercase(), NAME_MAX);
        if value.is_empty() {
            return None;
        }
        if !value.split('.').all(is_host_label) {
            self.reject(field, Rule::Hostname);
        }
        Some(value)
    }

    /// A path prefix such as `/weather`, without a `/` at its end; `/` alone matches every path.
    pub fn path_prefix(&mut self, field: &str, value: &str) -> String {
        let value = self.line(field, value, NAME_MAX);
        let trimmed = value.trim_end_matches('/');
        let legal = |c: char| c.is_ascii_alphanumeric() || "/-._~".contains(c);
        let segments_ok = trimmed.split('/').skip(1).all(|s| !s.is_empty() && s != "." && s != "..");
        if !value.is_empty() && (!value.starts_with('/') || !trimmed.chars().all(legal) || !segments_ok) {
            self.reject(field, Rule::PathPrefix);
        }
        if trimmed.is_empty() { "/".to_owned() } else { trimmed.to_owned() }
    }

    /// Ends the checks: `Ok` when every field was right.
    pub fn finish(self) -> Result<(), Problem> {
        if self.problems.is_empty() { Ok(()) } else { Err(Problem::Invalid(self.problems)) }
    }
}

/// Whether a name can carry an API key in a header and a query string.
pub fn is_key_name(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// A part of a host name between dots (RFC 1123, section 2.1), or with the underscore that some networks use.
fn is_host_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

fn parse_base_url(value: &str) -> Option<String> {
    let url = url::Url::parse(value).ok()?;
    let host_is_plain = match url.host()? {
        url::Host::Domain(name) => name.split('.').all(is_host_label),
        url::Host::Ipv4(_) | url::Host::Ipv6(_) => true,
    };
    let plain = matches!(url.scheme(), "http" | "https")
        && host_is_plain
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    plain.then(|| url.as_str().trim_end_matches('/').to_owned())
}

fn looks_like_email(value: &str) -> bool {
    let Some((local, domain)) = value.rsplit_once('@') else { return false };
    let plain = |text: &str| !text.is_empty() && !text.chars().any(|c| c.is_whitespace() || "<>,;:\"()[]\\".contains(c));
    plain(local)
        && plain(domain)
        && !local.contains('@')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && !domain.contains("..")
}

fn is_trivial(password: &str) -> bool {
    let mut characters: Vec<char> = password.to_lowercase().chars().collect();
    characters.sort_unstable();
    characters.dedup();
    characters.len() < 4
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(check: impl FnOnce(&mut Fields)) -> Vec<Rule> {
        let mut fields = Fields::new();
        check(&mut fields);
        match fields.finish() {
            Err(Problem::Invalid(problems)) => problems.into_iter().map(|p| p.rule).collect(),
            _ => Vec::new(),
        }
    }

    #[test]
    fn lines_are_trimmed_bounded_and_free_of_control_characters() {
        assert_eq!(Fields::new().line("name", "  Weather ", 10), "Weather");
        assert_eq!(
            rules(|f| {
                f.line("name", "   ", 10);
            }),
            [Rule::Required]
        );
        assert_eq!(
            rules(|f| {
                f.line("name", "eleven char", 10);
            }),
            [Rule::MaxLength(10)]
        );
        assert_eq!(
            rules(|f| {
                f.line("name", "a\u{7}b", 10);
            }),
            [Rule::ControlCharacter]
        );
    }

    #[test]
    fn addresses_that_cannot_be_right_are_refused() {
        for good in ["ada@example.com", "ada+portal@localhost", "o'hara@mail.example"] {
            assert_eq!(
                rules(|f| {
                    f.email("email", good);
                }),
                [],
                "{good}"
            );
        }
        for bad in ["ada", "@example.com", "ada@", "a b@example.com", "a@b@example.com", "ada@.com", "<ada@example.com>"] {
            assert_eq!(
                rules(|f| {
                    f.email("email", bad);
                }),
                [Rule::Email],
                "{bad}"
            );
        }
    }

    #[test]
    fn path_prefixes_are_normal_forms() {
        assert_eq!(Fields::new().path_prefix("path_prefix", "/weather/"), "/weather");
        assert_eq!(Fields::new().path_prefix("path_prefix", "/"), "/");
        for bad in ["weather", "/a//b", "/a/../b", "/a?b", "/a b"] {
            assert_eq!(
                rules(|f| {
                    f.path_prefix("path_prefix", bad);
                }),
                [Rule::PathPrefix],
                "{bad}"
            );
        }
    }

    #[test]
    fn passwords_are_long_repeated_and_not_trivial() {
        assert_eq!(rules(|f| f.new_password("correct horse", "correct horse")), []);
        assert_eq!(rules(|f| f.new_password("short", "short")), [Rule::MinLength(PASSWORD_MIN)]);
        assert_eq!(rules(|f| f.new_password("aaaaaaaaaaaa", "aaaaaaaaaaaa")), [Rule::WeakPassword]);
        assert_eq!(rules(|f| f.new_password("correct horse", "correct house")), [Rule::Mismatch]);
    }

    #[test]
    fn base_urls_are_plain() {
        assert_eq!(Fields::new().base_url("upstream_url", "http://127.0.0.1:9000/"), "http://127.0.0.1:9000");
        for bad in
            ["ftp://a", "http://", "http://u:p@a", "http://a?b", "/a", "javascript:alert(1)", "http://{host}/", "http://a..b"]
        {
            assert_eq!(
                rules(|f| {
                    f.base_url("upstream_url", bad);
                }),
                [Rule::Url],
                "{bad}"
            );
        }
    }
}
