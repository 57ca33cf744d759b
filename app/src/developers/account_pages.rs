use super::functions::{FORGOT_PASSWORD, RENAME_ACCOUNT, SET_PASSWORD, SIGN_IN, SIGN_UP};
use crate::{
    ui::{
        forms::{Form, Hidden, Submit, TextField},
        layout::PageTitle,
        lists::Table,
        page::{page, path_id, query},
        text::{badge, moment, moment_or_never},
    },
    visit::{UiError, Visit},
};
use leptos::prelude::*;
use portico_core::{
    developers,
    mail::{self, MailNews},
    portals::Portal,
    secrets::Plain,
};
use portico_model::{ids::MailId, paths, problem::Problem, states::MailState};

/// A public portal has no accounts, and so no pages for them: visitors are led to the catalogue.
fn require_accounts(portal: &Portal) -> Result<(), UiError> {
    if portal.is_public { Err(Problem::Unauthenticated.into()) } else { Ok(()) }
}

/// A page about passwords, in a portal that takes them.
fn password_page(form: impl FnOnce() -> AnyView + Send + 'static) -> AnyView {
    let visit = Visit::current();
    page(async move {
        let portal = visit.portal()?;
        require_accounts(portal)?;
        if portal.basic_auth_enabled {
            return Ok(form());
        }
        let view = view! {
            <PageTitle text="Sign in" />
            <section class="narrow">
                <h1>"Sign in"</h1>
                <p>"Signing in with a password is switched off for this portal. Ask whoever runs it how to get in."</p>
            </section>
        };
        Ok(view.into_any())
    })
}

#[component]
pub fn SignUpPage() -> impl IntoView {
    password_page(|| {
        let view = view! {
            <PageTitle text="Sign up" />
            <section class="narrow">
                <h1>"Create an account"</h1>
                <Form action=SIGN_UP>
                    <TextField name="full_name" label="Full name" autocomplete="name" required=true />
                    <TextField name="email" label="Email" kind="email" autocomplete="email" required=true />
                    <Submit label="Create account" />
                </Form>
                <p>"Have an account? " <a href=paths::portal::SIGN_IN>"Sign in"</a></p>
            </section>
        };
        view.into_any()
    })
}

/// What became of the mail that a sign-up caused. Says nothing of whether the address had an account.
#[component]
pub fn SignUpMailPage() -> impl IntoView {
    let visit = Visit::current();
    let id = path_id::<MailId>("mail");
    page(async move {
        let portal = visit.portal()?;
        require_accounts(portal)?;
        let news = mail::news(&visit.core, portal.id, id?).await?;
        let what = match news.state {
            MailState::Sent => "Your mail server has accepted it. If it is not in your inbox, look among unwanted mail.",
            MailState::Queued => "It is on its way. Load this page again to see when your mail server has accepted it.",
            MailState::Failed => "It could not be delivered. Is the address right? Sign up again with another one.",
            MailState::Kept => "This portal does not send mail. Ask whoever runs it for the link.",
        };
        let view = view! {
            <PageTitle text="Check your email" />
            <section class="narrow">
                <h1>"Check your email"</h1>
                <p>"The mail that we wrote to you tells how to go on."</p>
                <dl class="facts">
                    <dt>"State"</dt><dd>{badge(&news.state)}</dd>
                    <dt>"Written"</dt><dd>{moment(news.created_at)}</dd>
                    {news.sent_at.map(|at| view! { <dt>"Accepted"</dt><dd>{moment(at)}</dd> })}
                </dl>
                <p>{what}</p>
                <p><a href=paths::portal::SIGN_UP>"Sign up again"</a> " or " <a href=paths::portal::SIGN_IN>"sign in"</a></p>
            </section>
        };
        Ok(view.into_any())
    })
}

#[component]
pub fn SignInPage() -> impl IntoView {
    let return_to = query("return_to");
    password_page(move || {
        let view = view! {
            <PageTitle text="Sign in" />
            <section class="narrow">
                <h1>"Sign in"</h1>
                <Form action=SIGN_IN>
                    <Hidden name="return_to" value=return_to />
                    <TextField name="email" label="Email" kind="email" autocomplete="username" required=true />
                    <TextField name="password" label="Password" kind="password" autocomplete="current-password" required=true />
                    <Submit label="Sign in" />
                </Form>
                <p><a href=paths::portal::FORGOT_PASSWORD>"Forgot password?"</a></p>
                <p>"No account? " <a href=paths::portal::SIGN_UP>"Sign up"</a></p>
            </section>
        };
        view.into_any()
    })
}

#[component]
pub fn ForgotPasswordPage() -> impl IntoView {
    password_page(|| {
        let view = view! {
            <PageTitle text="Forgot password" />
            <section class="narrow">
                <h1>"Forgot password"</h1>
                <p>"Enter your address, and we mail you a link to a new password."</p>
                <Form action=FORGOT_PASSWORD>
                    <TextField name="email" label="Email" kind="email" autocomplete="username" required=true />
                    <Submit label="Send the link" />
                </Form>
            </section>
        };
        view.into_any()
    })
}

/// Where the link in a mail leads. Looking does not use the link up.
#[component]
pub fn SetPasswordPage() -> impl IntoView {
    let visit = Visit::current();
    let token = query("token");
    page(async move {
        developers::check_password_link(&visit.core, visit.portal()?, &Plain::new(token.clone())).await?;
        let view = view! {
            <PageTitle text="Choose a password" />
            <section class="narrow">
                <h1>"Choose a password"</h1>
                <Form action=SET_PASSWORD>
                    <Hidden name="token" value=token />
                    <TextField name="password" label="Password" kind="password" autocomplete="new-password" required=true hint="At least 10 characters." />
                    <TextField name="password_again" label="Password again" kind="password" autocomplete="new-password" required=true />
                    <Submit label="Set password" />
                </Form>
            </section>
        };
        Ok(view.into_any())
    })
}

#[component]
pub fn AccountPage() -> impl IntoView {
    let visit = Visit::current();
    page(async move {
        let portal = visit.portal()?;
        let developer = developers::me(&visit.core, visit.actor, portal.id).await?;
        let mails = mail::own(&visit.core, visit.actor, portal.id).await?;
        let view = view! {
            <PageTitle text="Account" />
            <section>
                <h1>"Account"</h1>
                <dl class="facts">
                    <dt>"Email"</dt><dd>{developer.email}</dd>
                    <dt>"Member since"</dt><dd>{moment(developer.created_at)}</dd>
                </dl>
                <Form action=RENAME_ACCOUNT>
                    <TextField name="full_name" label="Full name" value=developer.full_name autocomplete="name" required=true />
                    <Submit label="Save" />
                </Form>
                <p><a href=paths::portal::FORGOT_PASSWORD>"Change the password by mail"</a></p>
            </section>
            <section>
                <h2>"Mails to you"</h2>
                {mail_table(mails)}
            </section>
        };
        Ok(view.into_any())
    })
}

/// The newest mails and what became of them: whoever waits for one can see where it is.
fn mail_table(mails: Vec<MailNews>) -> AnyView {
    let rows = mails
        .into_iter()
        .map(|mail| {
            view! {
                <tr>
                    <th scope="row">{mail.subject}</th>
                    <td data-column="State">{badge(&mail.state)}</td>
                    <td data-column="Written">{moment(mail.created_at)}</td>
                    <td data-column="Accepted">{moment_or_never(mail.sent_at)}</td>
                </tr>
            }
            .into_any()
        })
        .collect();
    let headings = view! {
        <th scope="col">"Subject"</th>
        <th scope="col">"State"</th>
        <th scope="col">"Written"</th>
        <th scope="col">"Accepted"</th>
    };
    view! { <Table headings=headings.into_any() rows=rows empty=|| "No mails yet. You get one when something is decided about you or your applications." /> }.into_any()
}
