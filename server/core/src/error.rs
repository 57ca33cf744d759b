//! How operations fail: with a refusal that the caller may see, or with a fault that only the log may.

use portico_model::problem::{FieldProblem, Problem, Rule};

pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failed operation. `Internal` is logged once, at the edge, and never shown.
#[derive(Debug)]
pub enum Error {
    Problem(Problem),
    Internal(anyhow::Error),
}

impl From<Problem> for Error {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<anyhow::Error> for Error {
    fn from(error: anyhow::Error) -> Self {
        Self::Internal(error)
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        if is_outage(&error) {
            tracing::warn!(error = &error as &dyn std::error::Error, "the database cannot be reached");
            return Self::Problem(Problem::Unavailable);
        }
        if is_unstorable(&error) {
            return Self::Problem(Problem::NotFound);
        }
        Self::Internal(error.into())
    }
}

impl Error {
    /// Whether the same may work in a moment: a deadlock, or a database that is away.
    pub(crate) fn may_pass(&self) -> bool {
        match self {
            Self::Problem(problem) => *problem == Problem::Unavailable,
            Self::Internal(error) => match error.downcast_ref::<sqlx::Error>() {
                // Class 40 is transaction rollback: a deadlock among them.
                Some(sqlx::Error::Database(error)) => error.code().is_some_and(|code| code.starts_with("40")),
                _ => false,
            },
        }
    }
}

/// Whether a text has a character that Postgres keeps nowhere, NUL: nothing is called so.
fn is_unstorable(error: &sqlx::Error) -> bool {
    matches!(error, sqlx::Error::Database(error) if error.code().is_some_and(|code| code == "22021"))
}

/// Whether the database could not be asked, as opposed to having refused.
fn is_outage(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => true,
        // Class 57 is operator intervention (shutting down, starting up); 53 is out of connections or disk.
        sqlx::Error::Database(error) => error.code().is_some_and(|code| code.starts_with("57P") || code.starts_with("53")),
        _ => false,
    }
}

/// Turns a violated constraint, by its name, into the refusal that it means.
pub trait OnConstraint<T> {
    fn on_constraint(self, name: &str, problem: Problem) -> Result<T>;
    /// A unique constraint that one form field must satisfy.
    fn taken(self, name: &str, field: &str) -> Result<T>;
}

impl<T, E: Into<Error>> OnConstraint<T> for Result<T, E> {
    fn on_constraint(self, name: &str, problem: Problem) -> Result<T> {
        self.map_err(|error| match error.into() {
            Error::Internal(cause) if constraint(&cause) == Some(name) => problem.into(),
            other => other,
        })
    }

    fn taken(self, name: &str, field: &str) -> Result<T> {
        let taken = FieldProblem { field: field.to_owned(), rule: Rule::Taken };
        self.on_constraint(name, Problem::Invalid(vec![taken]))
    }
}

fn constraint(error: &anyhow::Error) -> Option<&str> {
    match error.downcast_ref::<sqlx::Error>() {
        Some(sqlx::Error::Database(error)) => error.constraint(),
        _ => None,
    }
}

/// Turns absence into `NotFound`.
pub trait OrNotFound<T> {
    fn or_not_found(self) -> Result<T>;
}

impl<T> OrNotFound<T> for Option<T> {
    fn or_not_found(self) -> Result<T> {
        self.ok_or(Error::Problem(Problem::NotFound))
    }
}
