//! The gate: first run, login, or the shop. The server decides which; nothing of the shop is drawn before.

use leptos::prelude::*;
use leptos_router::components::Outlet;

use crate::app::codec::Awaited;
use crate::app::pages::first_run::FirstRunPage;
use crate::app::pages::login::LoginPage;
use crate::app::parts::shell::Shell;
use crate::app::{Error, Store, api, prefs, view, words};
use crate::client;
use crate::domain::id::LoginId;
use crate::domain::staff::Staff;
use crate::domain::sync::{Boot, Snapshot};

/// Draws what whoever is here may see.
#[component]
pub fn Gate() -> impl IntoView {
    let boot = Awaited::new_with_options(|| (), |()| api::open_page(), true);
    Effect::new(client::page::mark_alive);
    view! {
        <Suspense>
            {move || Suspend::new(async move {
                match boot.await {
                    Ok(Boot::FirstRun) => view! { <FirstRunPage /> },
                    Ok(Boot::Login { shop_name, staff, is_demo }) => {
                        view! { <LoginPage shop_name staff is_demo /> }
                    }
                    Ok(Boot::Open { me, login_id, snapshot }) => {
                        view! { <Open me login_id snapshot /> }
                    }
                    Err(error) => view! { <Closed error /> },
                }
            })}
        </Suspense>
    }
}

#[component]
fn Open(me: Staff, login_id: LoginId, snapshot: Snapshot) -> impl IntoView {
    let store = Store::new(me, login_id, snapshot, prefs());
    provide_context(store);
    Effect::new(move || store.wake());
    view! {
        <Shell>
            <Outlet />
        </Shell>
    }
}

#[component]
fn Closed(error: Error) -> impl IntoView {
    let words = words();
    view! {
        <main class="door">
            <section class="door-card">
                <div class="notice" data-tone="bad" role="alert">
                    <p>{error.text(words)}</p>
                </div>
                <button
                    class="btn btn-primary btn-big"
                    type="button"
                    on:click=|_| client::page::reload()
                >
                    {words.try_again}
                </button>
            </section>
        </main>
    }
}
