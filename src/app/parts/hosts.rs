//! Phones in the guests' network, logged in or not.

use leptos::prelude::*;

use crate::app::api::HostView;
use crate::app::{prefs, store, view};

/// Lists phones; draws nothing where there are none.
#[component]
pub fn Hosts(
    /// What they have in common.
    title: &'static str,
    /// The phones.
    hosts: Memo<Vec<HostView>>,
) -> impl IntoView {
    let (store, prefs) = (store(), prefs());
    let words = prefs.words();
    let row = move |host: HostView| {
        let (tone, state) = if host.is_logged_in {
            ("ok", words.host_in)
        } else {
            ("idle", words.host_out)
        };
        let name = if host.name.is_empty() {
            host.mac.clone()
        } else {
            host.name
        };
        let since = prefs.moment(host.first_seen_at, &store.shop_now().zone);
        view! {
            <li class="line">
                <span class="line-what">
                    <b>{name}</b>
                    <small class="mac">
                        <bdi dir="ltr">{host.mac}</bdi>
                        " "
                        <bdi dir="ltr">{host.address}</bdi>
                    </small>
                    <small>{words.since} " " <bdi>{since}</bdi></small>
                </span>
                <span class="chip" data-tone=tone>
                    <span>{state}</span>
                </span>
            </li>
        }
    };
    let shown = move || {
        let rows: Vec<AnyView> = hosts.get().into_iter().map(row).collect();
        (!rows.is_empty()).then(|| {
            view! {
                <section class="stack" aria-label=title>
                    <header class="section-head">
                        <h2>{title}</h2>
                    </header>
                    <ul class="lines">{rows}</ul>
                </section>
            }
        })
    };
    view! { {shown} }
}
