//! The way from what there is to what the files want: what would change, who would stop working, and doing it.

use super::{
    Variables,
    client::Client,
    compare::{has_secret, is_met, write_differences, write_wanted},
    files::Wanted,
    requests::request,
    resources::{Fields, Key, State, text},
    stops,
};
use anyhow::{Context, bail};
use http::Method;
use serde_json::{Value, json};
use std::{collections::BTreeSet, fmt::Write};

/// One thing that is to be made or changed.
#[derive(Clone)]
pub struct Step {
    pub key: Key,
    /// All of what is to be made; of what is to be changed, what is not as it should be.
    pub wanted: Fields,
    /// What there is of it; none of what is to be made.
    pub before: Option<Fields>,
    /// The applications that would stop working, with their developers.
    pub stops: Vec<String>,
}

/// What is to be done, in order.
pub struct Plan {
    steps: Vec<Step>,
    unchanged: usize,
}

impl Plan {
    /// Compares what is wanted with what there is.
    ///
    /// # Errors
    ///
    /// What could not be done: a reference to nothing, and another type for a thing.
    pub async fn make(client: &Client, state: &State, wanted: Wanted) -> anyhow::Result<Self> {
        let (mut steps, mut unchanged) = (Vec::new(), 0);
        for (key, wanted) in wanted.0 {
            let before = state.things.get(&key).cloned();
            let described = || format!("the {} {:?}", key.0.word(), key.1);
            let wanted = match &before {
                None => wanted,
                Some(before) => unmet(wanted, before).with_context(described)?,
            };
            if before.is_some() && wanted.is_empty() {
                unchanged += 1;
                continue;
            }
            steps.push(Step { key, wanted, before, stops: Vec::new() });
        }
        let mut plan = Self { steps, unchanged };
        plan.must_be_possible(state, None)?;
        stops::find(client, state, &mut plan.steps).await?;
        Ok(plan)
    }

    /// Makes every request, of which none is sent.
    fn must_be_possible(&self, state: &State, variables: Option<&Variables>) -> anyhow::Result<()> {
        let mut ids = state.ids.clone();
        ids.extend(self.steps.iter().filter(|step| step.before.is_none()).map(|step| (step.key.clone(), "new".to_owned())));
        let then = State { ids, ..State::default() };
        for step in &self.steps {
            request(step, &then, variables).with_context(|| step.described())?;
        }
        Ok(())
    }

    /// The plan as people read it.
    pub fn rendered(&self) -> String {
        let mut text = String::new();
        for step in &self.steps {
            step.render(&mut text);
        }
        let made = self.steps.iter().filter(|step| step.before.is_none()).count();
        let stops: BTreeSet<&String> = self.steps.iter().flat_map(|step| &step.stops).collect();
        let changed = self.steps.len() - made;
        // Writing to a text cannot fail.
        _ = write!(text, "{made} to make, {changed} to change, {} as they should be.", self.unchanged);
        if !stops.is_empty() {
            _ = write!(text, " {} applications would stop working.", stops.len());
        }
        text
    }

    /// Does it, one after the other; what was done stays if one is refused, and the refusal says what that is.
    pub async fn apply(&self, client: &Client, state: &mut State, variables: &Variables) -> anyhow::Result<()> {
        self.must_be_possible(state, Some(variables))?;
        for step in self.steps.iter().filter(|step| self.makes_room(step)) {
            let released = Step { wanted: Fields::from_iter([("gateway_service".to_owned(), Value::Null)]), ..step.clone() };
            released.apply(client, state, variables).await.with_context(|| step.described())?;
        }
        for (done, step) in self.steps.iter().enumerate() {
            step.apply(client, state, variables).await.with_context(|| {
                let done: Vec<String> = self.steps.iter().take(done).map(Step::described).collect();
                let before = if done.is_empty() { "nothing".to_owned() } else { done.join(", ") };
                format!("{}; done before it: {before}", step.described())
            })?;
        }
        Ok(())
    }

    /// Whether a version has the gateway service that another one gets, which is one's alone.
    fn makes_room(&self, step: &Step) -> bool {
        let Some(Value::String(service)) = step.before.as_ref().and_then(|before| before.get("gateway_service")) else {
            return false;
        };
        let gets = |other: &Step| other.wanted.get("gateway_service") == Some(&json!(service)) && other.key != step.key;
        step.wanted.contains_key("gateway_service") && self.steps.iter().any(gets)
    }
}

/// What is not as it should be.
fn unmet(wanted: Fields, before: &Fields) -> anyhow::Result<Fields> {
    let (met, mut unmet): (Fields, Fields) = wanted.into_iter().partition(|(name, value)| is_met(name, value, before.get(name)));
    if let Some(name) = ["provider_type", "strategy_type"].iter().find(|name| unmet.contains_key(**name)) {
        let kept = before.get(*name).and_then(Value::as_str).unwrap_or_default();
        bail!("its {name} stays {kept}: give another type another name");
    }
    // Nobody tells whether a secret is the same, so it goes along with what else changes.
    if !unmet.is_empty() {
        unmet.extend(met.into_iter().filter(|(_, value)| has_secret(value)));
    }
    Ok(unmet)
}

impl Step {
    fn described(&self) -> String {
        format!("the {} {:?}", self.key.0.word(), self.key.1)
    }

    fn render(&self, text: &mut String) {
        let (kind, name) = &self.key;
        let sign = if self.before.is_none() { '+' } else { '~' };
        // Writing to a text cannot fail.
        _ = writeln!(text, "{sign} {} {name}", kind.word());
        match &self.before {
            None => write_wanted(text, &self.wanted),
            Some(before) => {
                for (field, value) in &self.wanted {
                    write_differences(text, field, field, value, before.get(field).unwrap_or(&Value::Null));
                }
            }
        }
        for application in &self.stops {
            _ = writeln!(text, "    ! stops: {application}");
        }
    }

    async fn apply(&self, client: &Client, state: &mut State, variables: &Variables) -> anyhow::Result<()> {
        let request = request(self, state, Some(variables))?;
        let is_made = request.method == Method::POST;
        let answer = client.send(request.method, &request.path, Some(&request.body)).await?;
        if is_made {
            state.ids.insert(self.key.clone(), text(&answer, "id"));
        }
        Ok(())
    }
}
