use super::functions::SEND_MAIL_AGAIN;
use crate::{
    ui::{
        forms::{Form, Hidden, Submit},
        layout::PageTitle,
        lists::{ListSearch, Table, pager, sort_heading},
        page::{page, page_request, path_id},
        text::{badge, moment, moment_or_never},
        words::StateWords,
    },
    visit::Visit,
};
use leptos::prelude::*;
use portico_core::mail;
use portico_model::{ids::MailId, paths, states::MailState};

#[component]
pub fn MailsPage() -> impl IntoView {
    let visit = Visit::current();
    let request = page_request();
    page(async move {
        let mails = mail::list(&visit.core, visit.actor, &request).await?;
        let is_configured = visit.core.delivery.is_configured();
        let pages = pager(&mails);
        let rows = mails
            .items
            .into_iter()
            .map(|mail| {
                view! {
                    <tr>
                        <th scope="row"><a href=paths::admin::mail(mail.id)>{mail.subject}</a></th>
                        <td data-column="To">{mail.recipient}</td>
                        <td data-column="State">{badge(&mail.state)}</td>
                        <td data-column="Written">{moment(mail.created_at)}</td>
                    </tr>
                }
                .into_any()
            })
            .collect();
        let headings = view! { {sort_heading(&request, "subject", "Subject")} {sort_heading(&request, "recipient", "To")}<th scope="col">"State"</th>{sort_heading(&request, "created_at", "Written")} };
        let states = MailState::ALL.iter().map(|state| (state.as_str(), state.word())).collect();
        let view = view! {
            <PageTitle text="Mail" />
            <h1>"Mail"</h1>
            {(!is_configured).then(|| view! { <p class="warning">"No SMTP server is set (PORTICO_SMTP_URL), so mails are kept here and not sent."</p> })}
            <ListSearch request=request.clone() label="Search by subject or recipient" states=states />
            <Table headings=headings.into_any() rows=rows empty=|| "No mails. They are written when people sign up and when something is decided about them." />
            {pages}
        };
        Ok(view.into_any())
    })
}

#[component]
pub fn MailPage() -> impl IntoView {
    let visit = Visit::current();
    let id = path_id::<MailId>("mail");
    page(async move {
        let mail = mail::get(&visit.core, visit.actor, id?).await?;
        let again = matches!(mail.state, MailState::Failed | MailState::Kept) && visit.core.delivery.is_configured();
        let again = again.then(|| send_again(mail.id));
        let body = match mail.text {
            Some(body) => view! { <pre class="letter">{body}</pre> }.into_any(),
            None => {
                view! { <p class="quiet">"The text was erased when the mail was sent, since it may hold a link."</p> }.into_any()
            }
        };
        let view = view! {
            <PageTitle text=mail.subject.clone() />
            <h1>{mail.subject.clone()}</h1>
            <dl class="facts">
                <dt>"To"</dt><dd>{mail.recipient}</dd>
                <dt>"State"</dt><dd>{badge(&mail.state)}</dd>
                <dt>"Attempts"</dt><dd>{mail.attempts}</dd>
                <dt>"Written"</dt><dd>{moment(mail.created_at)}</dd>
                <dt>"Sent"</dt><dd>{moment_or_never(mail.sent_at)}</dd>
                {(!mail.last_error.is_empty()).then(|| view! { <dt>"Last answer"</dt><dd>{mail.last_error.clone()}</dd> })}
            </dl>
            {again}
            {body}
        };
        Ok(view.into_any())
    })
}

fn send_again(id: MailId) -> AnyView {
    view! {
        <Form action=SEND_MAIL_AGAIN>
            <Hidden name="mail" value=id />
            <Submit label="Send again" class="secondary" />
        </Form>
    }
    .into_any()
}
