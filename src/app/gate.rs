//! The gate: first run, login, or the shop. The server decides which; nothing of the shop is drawn before.

use futures::channel::oneshot;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::Outlet;

use crate::app::codec::Awaited;
use crate::app::pages::first_run::FirstRunPage;
use crate::app::pages::login::LoginPage;
use crate::app::parts::shell::Shell;
use crate::app::{Error, Opened, Shelled, Store, Tone, api, prefs, view, words};
use crate::client;
use crate::client::cache::Head;
use crate::domain::id::LoginId;
use crate::domain::staff::Staff;
use crate::domain::sync::{Boot, Snapshot};

/// Draws what whoever is here may see.
#[component]
pub fn Gate() -> impl IntoView {
    let boot = match use_context::<Shelled>() {
        Some(shelled) => Awaited::new_with_options(|| (), move |()| open_here(shelled), true),
        None => Awaited::new_with_options(|| (), |()| api::open_page(), true),
    };
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
    let (store, words) = (Store::new(me, login_id, snapshot, prefs()), words());
    provide_context(store);
    let clock_offset_ms =
        use_context::<Shelled>().and_then(|shelled| shelled.clock_offset_ms.get_value());
    let opened = clock_offset_ms.map_or(Opened::ByServer, |clock_offset_ms| Opened::ByDevice {
        clock_offset_ms,
    });
    Effect::new(move || {
        store.wake(opened);
        client::worker::install(move || store.toast(Tone::Warn, words.new_version, Vec::new()));
    });
    view! {
        <Shell>
            <Outlet />
        </Shell>
    }
}

/// Opens from what this device holds; a device that holds nothing asks the server.
async fn open_here(shelled: Shelled) -> Result<Boot, Error> {
    let (done, loaded) = oneshot::channel();
    spawn_local(async move {
        let loaded = client::cache::load().await;
        done.send(loaded.ok()).unwrap_or_default();
    });
    let Ok(Some((
        Head {
            me: Some((me, login_id)),
            position: Some(position),
            clock_offset_ms,
        },
        rows,
    ))) = loaded.await
    else {
        return api::open_page().await;
    };
    shelled.clock_offset_ms.set_value(Some(clock_offset_ms));
    let server_time = client::device::now() + clock_offset_ms;
    let snapshot = Snapshot {
        rows,
        position,
        server_time,
    };
    Ok(Boot::Open {
        me,
        login_id,
        snapshot,
    })
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
