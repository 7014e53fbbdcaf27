//! The gate: first run, login, or the shop. The server decides which; nothing of the shop is drawn before.

use futures::channel::oneshot;
use leptos::prelude::*;
use leptos::task::spawn_local;
use leptos_router::components::Outlet;

use crate::app::codec::Awaited;
use crate::app::exchange::Home;
use crate::app::fill::Filling;
use crate::app::pages::filling::FillingPage;
use crate::app::pages::first_run::FirstRunPage;
use crate::app::pages::login::LoginPage;
use crate::app::pages::waiting::WaitingPage;
use crate::app::parts::shell::Shell;
use crate::app::{Error, Opened, Shelled, Store, Tone, api, prefs, view, words};
use crate::client;
use crate::client::cache::Head;
use crate::domain::id::LoginId;
use crate::domain::registry::State;
use crate::domain::staff::{Staff, active_staff};
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
                    Ok(Boot::Waiting(waiting)) => {
                        view! { <WaitingPage waiting /> }
                    }
                    Ok(Boot::Login { shop_name, staff, is_demo }) => {
                        view! { <LoginPage shop_name staff is_demo /> }
                    }
                    Ok(Boot::Open { me, login_id, snapshot }) if snapshot.rows.is_empty() => {
                        view! { <FillPage me login_id /> }
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
    let is_switched = use_context::<Shelled>().is_some_and(|here| here.is_switched.get_value());
    let opened = clock_offset_ms.map_or(Opened::ByServer, |clock_offset_ms| Opened::ByDevice {
        clock_offset_ms,
        is_switched,
    });
    Effect::new(move || {
        store.wake(opened);
        client::page::on_install_offer(move |is_offered| store.can_install.set(is_offered));
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
    let Ok(Some((head, rows))) = loaded.await else {
        return api::open_empty().await;
    };
    let Some(position) = head.position else {
        return api::open_empty().await;
    };
    let Some((me, login_id)) = head.me else {
        return match api::open_empty().await {
            Err(Error::NoAnswer) => Ok(door_here(&rows.into_iter().collect())),
            answer => answer,
        };
    };
    shelled.is_switched.set_value(head.is_switched);
    shelled
        .clock_offset_ms
        .set_value(Some(head.clock_offset_ms));
    let server_time = client::device::now() + head.clock_offset_ms;
    let snapshot = Snapshot {
        rows,
        position,
        held: None,
        server_time,
    };
    Ok(Boot::Open {
        me,
        login_id,
        snapshot,
    })
}

/// The door as this device knows it: it lets in who has signed in here before.
fn door_here(state: &State) -> Boot {
    Boot::Login {
        shop_name: state.shop().name,
        staff: active_staff(state.staff.values().cloned()),
        is_demo: false,
    }
}

/// Fetches everything that this device is to hold, in sight of whoever waits for it; only then the shop opens.
#[component]
fn FillPage(me: Staff, login_id: LoginId) -> impl IntoView {
    let (filling, failed) = (RwSignal::new(Filling::default()), RwSignal::new(false));
    let filled = RwSignal::new(None::<Snapshot>);
    let go_on = move || {
        failed.set(false);
        spawn_local(async move {
            let mut under_way = filling.get_untracked();
            if under_way == Filling::default()
                && let Ok((
                    Head {
                        filling: Some(next),
                        ..
                    },
                    rows,
                )) = client::cache::load().await
            {
                under_way = Filling::resume(next, rows);
            }
            let result = under_way
                .go_on(&Home::Own, true, |now| filling.set(now.clone()))
                .await;
            if let Ok(snapshot) = result {
                filled.set(Some(snapshot));
            } else {
                filling.set(under_way);
                failed.set(true);
            }
        });
    };
    Effect::new(go_on);
    move || match filled.get() {
        Some(snapshot) => view! { <Open me=me.clone() login_id snapshot /> },
        None => view! { <FillingPage filling failed on_retry=Callback::new(move |()| go_on()) /> },
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
